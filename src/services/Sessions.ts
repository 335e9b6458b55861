/**
 * Who is logged in.
 *
 * - A name belongs to at most one session at a time. It is claimed from the {@link Directory}, which may take time; of
 *   several claims at once exactly one wins. What is done with a claim is done at once.
 * - Numbers rise in the order in which they are given, and are not used again; one may be kept for a login that comes later.
 */
import { Context, Effect, Layer, Result } from "effect"
import { SecureRandom } from "effect/crypto"
import * as Hex from "effect/encoding/Hex"
import type { ProtocolName } from "../domain/Message.ts"
import { lookAlikeKey, uniqueKeys, type UserName, userName } from "../domain/Names.ts"
import { type NameInvalid, type NameReserved, NameTaken, NotLoggedIn, ServerFull } from "../domain/Rejection.ts"
import { UserId } from "../domain/UserId.ts"
import { Directory, type NameClaim } from "./Directory.ts"
import { Limits } from "./Limits.ts"
import type { Room } from "./Room.ts"
import type { Outlet, Session } from "./Session.ts"

type NameRejection = NameInvalid | NameReserved | NameTaken

/** A name that nobody else has until it is given back, nor one that looks like it. */
export interface Claim extends NameClaim {
  readonly name: UserName
  readonly keys: ReturnType<typeof uniqueKeys>
}

/** What a session is made of, besides its name. */
export interface Opening {
  readonly protocol: ProtocolName
  readonly address: string
  /** The public number that was reserved for it; a new one if there is none. */
  readonly number?: number | undefined
  readonly outlet: Outlet
  readonly atMillis: number
  /** The room it begins in. */
  readonly room: Room
}

const makeUserId = (): UserId => UserId.make(Hex.encode(SecureRandom.randomBytesUnsafe(8)))

interface SessionState extends Session {
  name: UserName
  claim: Claim
}

/** Who is logged in, by which name and number. */
export class Sessions extends Context.Service<
  Sessions,
  {
    /**
     * Claims a name, or says why it cannot be had; `holder` may have one that looks like it. Only while the claim is
     * answered can it be interrupted, and then it is given back. Whoever has the claim opens or renames a session with it
     * in the same step, which is not to be interrupted, or gives it back.
     */
    readonly claim: (name: string, holder?: Session) => Effect.Effect<Claim, NameRejection>
    /** Gives a public number to one login of this name, if that could have it now. Nobody has the name by it. */
    readonly reserve: (name: string) => Effect.Effect<number, NameRejection | ServerFull>
    /** Gives back a claim that no session has. */
    readonly giveBack: (claim: Claim) => void
    /** Makes a session of a claim; a refused one is given back. */
    readonly open: (claim: Claim, opening: Opening) => Result.Result<Session, ServerFull>
    /** Frees the name. True for the first call only. */
    readonly close: (session: Session) => boolean
    /** Gives a session the claimed name, and its former one back; a refused claim is given back. */
    readonly rename: (session: Session, claim: Claim) => Result.Result<UserName, NotLoggedIn | NameTaken>
    /** The session of that name or of a look-alike of it. */
    readonly find: (name: string) => Session | undefined
    readonly findByNumber: (number: number) => Session | undefined
    readonly isOpen: (session: Session) => boolean
    /** All sessions in the order in which they logged in. */
    readonly all: () => Iterable<Session>
    readonly count: () => number
  }
>()("parlance/services/Sessions") {
  static readonly layerNoDeps = Layer.effect(
    Sessions,
    Effect.gen(function* () {
      const limits = yield* Limits
      const directory = yield* Directory
      const byKey = new Map<string, SessionState>()
      const byNumber = new Map<number, SessionState>()
      let lastNumber = 0
      let lastOrder = 0

      const giveBack = (claim: Claim): void => directory.release(claim)

      const claim = (wanted: string, holder?: Session): Effect.Effect<Claim, NameRejection> =>
        Effect.suspend((): Effect.Effect<Claim, NameRejection> => {
          const name = userName(wanted)
          if (Result.isFailure(name)) return Effect.fail(name.failure)
          const held = holder === undefined ? undefined : byNumber.get(holder.number)?.claim
          if (held?.name === name.success) return Effect.fail(new NameTaken())
          const keys = uniqueKeys(name.success)
          const claimed: Claim = { name: name.success, keys, claimant: held?.claimant ?? {} }
          return Effect.interruptible(directory.claim(claimed)).pipe(
            Effect.onError(() => Effect.sync(() => giveBack(claimed))),
            Effect.flatMap((isOurs) => (isOurs ? Effect.succeed(claimed) : Effect.fail(new NameTaken())))
          )
        })

      const isFull = (): boolean => byNumber.size >= limits.sessionLimit

      const reserve = (wanted: string): Effect.Effect<number, NameRejection | ServerFull> =>
        Effect.suspend((): Effect.Effect<number, NameRejection | ServerFull> => {
          const name = userName(wanted)
          if (Result.isFailure(name)) return Effect.fail(name.failure)
          const answered = directory.isTaken(uniqueKeys(name.success))
          return Effect.flatMap(answered, (isTaken): Effect.Effect<number, NameTaken | ServerFull> => {
            if (isTaken) return Effect.fail(new NameTaken())
            return isFull() ? Effect.fail(new ServerFull()) : Effect.succeed(++lastNumber)
          })
        })

      const open = (claim: Claim, opening: Opening): Result.Result<Session, ServerFull> => {
        if (isFull()) {
          giveBack(claim)
          return Result.fail(new ServerFull())
        }
        const session: SessionState = {
          number: opening.number ?? ++lastNumber,
          userId: makeUserId(),
          order: ++lastOrder,
          name: claim.name,
          claim,
          protocol: opening.protocol,
          address: opening.address,
          sinceMillis: opening.atMillis,
          rooms: new Set(),
          current: opening.room,
          outlet: opening.outlet
        }
        byKey.set(claim.keys[0], session)
        byNumber.set(session.number, session)
        return Result.succeed(session)
      }

      const close = (session: Session): boolean => {
        const state = byNumber.get(session.number)
        if (state === undefined) return false
        byNumber.delete(session.number)
        byKey.delete(state.claim.keys[0])
        giveBack(state.claim)
        return true
      }

      const rename = (session: Session, claim: Claim): Result.Result<UserName, NotLoggedIn | NameTaken> => {
        const state = byNumber.get(session.number)
        // It may have got the very name since.
        if (state === undefined || state.name === claim.name) {
          giveBack(claim)
          return Result.fail(state === undefined ? new NotLoggedIn() : new NameTaken())
        }
        const former = state.claim
        byKey.delete(former.keys[0])
        byKey.set(claim.keys[0], state)
        state.name = claim.name
        state.claim = claim
        giveBack(former)
        return Result.succeed(claim.name)
      }

      return Sessions.of({
        claim,
        reserve,
        giveBack,
        open,
        close,
        rename,
        find: (name) => byKey.get(lookAlikeKey(name)),
        findByNumber: (number) => byNumber.get(number),
        isOpen: (session) => byNumber.has(session.number),
        all: () => byNumber.values(),
        count: () => byNumber.size
      })
    })
  )

  /** Sessions whose names are those of this process. */
  static readonly layer = this.layerNoDeps.pipe(Layer.provideMerge(Directory.layer))
}
