/**
 * How many bytes of files users may announce at a time, by whatever protocol.
 *
 * - A session may announce as much as the largest file has, or a sixteenth of all files if that is more; an address twice as
 *   much. Loopback is exempt from the limit per address.
 * - Where something is in the way, what a session has announced of which no byte came makes place when that session has
 *   gone, the oldest first.
 */
import { Context, Effect, Layer } from "effect"
import { UploadsTooLarge } from "../domain/Rejection.ts"
import { Attachments } from "./Attachments.ts"
import { Limits } from "./Limits.ts"
import { addressKey } from "./Quota.ts"
import type { Session } from "./Session.ts"
import { Sessions } from "./Sessions.ts"

const sharesOfSessions = 16
const sessionsOfAddress = 2

/** A file that was announced, until it is kept or goes. */
export interface Claim {
  readonly session: Session
  /** What the address of the session counts as, or undefined if it is exempt. */
  readonly address: string | undefined
  readonly sizeBytes: number
  /** Whether no byte of it has come. */
  isSilent: boolean
}

interface Entry extends Claim {
  readonly drop: Effect.Effect<unknown>
}

/** How many bytes each session and address may announce at a time. */
export class UploadQuota extends Context.Service<
  UploadQuota,
  {
    /** Announces a file, to be given back with `release`. `drop` ends it, and waits for that. */
    readonly claim: (
      session: Session,
      sizeBytes: number,
      drop: Effect.Effect<unknown>
    ) => Effect.Effect<Claim, UploadsTooLarge>
    readonly release: (claim: Claim) => void
    /** Ends the oldest of those of which no byte came and whose sessions have gone, if one of them counts. */
    readonly dropSilent: (counts: (claim: Claim) => boolean) => Effect.Effect<boolean>
    readonly count: () => number
  }
>()("parlance/services/UploadQuota") {
  static readonly layer = Layer.effect(
    UploadQuota,
    Effect.gen(function* () {
      const attachments = yield* Attachments
      const sessions = yield* Sessions
      const { fileLimitBytes, filesLimitBytes } = yield* Limits
      const sessionLimitBytes = Math.max(fileLimitBytes, Math.floor(filesLimitBytes / sharesOfSessions))
      const addressLimitBytes = sessionsOfAddress * sessionLimitBytes
      const entries = new Set<Entry>()

      // What each session and each address has announced, in bytes.
      const announced = new Map<Session | string, number>()

      const count = ({ address, session }: Claim, bytes: number): void => {
        for (const key of address === undefined ? [session] : [session, address]) {
          const sum = (announced.get(key) ?? 0) + bytes
          if (sum > 0) announced.set(key, sum)
          else announced.delete(key)
        }
      }

      const release = (claim: Claim): void => {
        if (entries.delete(claim as Entry)) count(claim, -claim.sizeBytes)
      }

      const dropSilent = (counts: (claim: Claim) => boolean): Effect.Effect<boolean> =>
        Effect.suspend(() => {
          for (const entry of entries) {
            if (!entry.isSilent || sessions.isOpen(entry.session) || !counts(entry)) continue
            release(entry)
            return Effect.as(entry.drop, true)
          }
          return Effect.succeed(false)
        })

      const claim = Effect.fnUntraced(function* (
        session: Session,
        sizeBytes: number,
        drop: Effect.Effect<unknown>
      ): Effect.fn.Return<Claim, UploadsTooLarge> {
        const address = addressKey(session.address)
        const isOver = (key: Session | string | undefined, limitBytes: number) =>
          key !== undefined && (announced.get(key) ?? 0) + sizeBytes > limitBytes
        const isNear = (it: Claim) => it.address === address
        // If nothing can be done about it, whoever begins the file is told so.
        while (!(yield* attachments.isRoomFor(sizeBytes))) if (!(yield* dropSilent(() => true))) break
        while (isOver(address, addressLimitBytes)) {
          if (!(yield* dropSilent(isNear))) return yield* new UploadsTooLarge({ limitBytes: addressLimitBytes })
        }
        if (isOver(session, sessionLimitBytes)) return yield* new UploadsTooLarge({ limitBytes: sessionLimitBytes })
        const entry: Entry = { session, address, sizeBytes, isSilent: true, drop }
        entries.add(entry)
        count(entry, sizeBytes)
        return entry
      })

      return UploadQuota.of({
        claim,
        release,
        dropSilent,
        count: () => entries.size
      })
    })
  )
}
