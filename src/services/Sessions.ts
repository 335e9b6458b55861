/**
 * Who is logged in.
 *
 * - A name belongs to at most one session at a time; it is claimed and freed in one step, without a suspension between
 *   check and change, so of several claims at once exactly one wins.
 * - Numbers rise and are not used again.
 */
import { Context, Effect, Layer, Result } from "effect"
import type { ProtocolName } from "../domain/Message.ts"
import { lookAlikeKey, type UserName, userName } from "../domain/Names.ts"
import { type NameInvalid, type NameReserved, NameTaken, ServerFull } from "../domain/Rejection.ts"
import { Limits } from "./Limits.ts"
import type { Room } from "./Room.ts"
import type { Outlet, Session } from "./Session.ts"

type NameRejection = NameInvalid | NameReserved | NameTaken

/** What a session is made of. */
export interface Opening {
  readonly name: string
  readonly protocol: ProtocolName
  readonly address: string
  readonly outlet: Outlet
  readonly atMillis: number
  /** The room it begins in. */
  readonly room: Room
}

interface SessionState extends Session {
  name: UserName
}

export class Sessions extends Context.Service<
  Sessions,
  {
    /** Claims a name, or says why it cannot be had. */
    readonly open: (opening: Opening) => Result.Result<Session, NameRejection | ServerFull>
    /** Frees the name. True for the first call only. */
    readonly close: (session: Session) => boolean
    /** Changes a name at once; the session's own name in other letters is not taken. */
    readonly rename: (session: Session, name: string) => Result.Result<UserName, NameRejection>
    /** The session of that name or of a look-alike of it. */
    readonly find: (name: string) => Session | undefined
    readonly findByNumber: (number: number) => Session | undefined
    readonly isOpen: (session: Session) => boolean
    /** All sessions in the order in which they logged in. */
    readonly all: () => Iterable<Session>
    readonly count: () => number
  }
>()("parlance/services/Sessions") {
  static readonly layer = Layer.effect(
    Sessions,
    Effect.gen(function* () {
      const limits = yield* Limits
      const byKey = new Map<string, SessionState>()
      const byNumber = new Map<number, SessionState>()
      let lastNumber = 0

      const open = (opening: Opening): Result.Result<Session, NameRejection | ServerFull> => {
        const name = userName(opening.name)
        if (Result.isFailure(name)) return Result.fail(name.failure)
        const key = lookAlikeKey(name.success)
        if (byKey.has(key)) return Result.fail(new NameTaken())
        if (byNumber.size >= limits.sessionLimit) return Result.fail(new ServerFull())
        const session: SessionState = {
          number: ++lastNumber,
          name: name.success,
          protocol: opening.protocol,
          address: opening.address,
          sinceMillis: opening.atMillis,
          rooms: new Set(),
          current: opening.room,
          outlet: opening.outlet
        }
        byKey.set(key, session)
        byNumber.set(session.number, session)
        return Result.succeed(session)
      }

      const close = (session: Session): boolean => {
        if (!byNumber.delete(session.number)) return false
        byKey.delete(lookAlikeKey(session.name))
        return true
      }

      const rename = (session: Session, wanted: string): Result.Result<UserName, NameRejection> => {
        const name = userName(wanted)
        if (Result.isFailure(name)) return Result.fail(name.failure)
        const key = lookAlikeKey(name.success)
        const state = byNumber.get(session.number)
        const owner = byKey.get(key)
        if (state === undefined || (owner !== undefined && owner !== state) || state.name === name.success) {
          return Result.fail(new NameTaken())
        }
        byKey.delete(lookAlikeKey(state.name))
        byKey.set(key, state)
        state.name = name.success
        return name
      }

      return Sessions.of({
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
}
