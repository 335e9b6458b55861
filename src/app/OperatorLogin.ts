/**
 * Who has shown the operator's token.
 *
 * - A login has an id of its own, which is not the token, and ends after {@link loginMillis} or with the process.
 * - After {@link triesAtOnce} wrong tokens an address may try one in ten seconds. Any other is refused, even the right
 *   one.
 */
import { Clock, Context, Effect, Layer } from "effect"
import { TooManyRequests, Unauthorized } from "../api/ApiError.ts"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import * as AddressQuota from "./api/AddressQuota.ts"
import { banKey } from "../services/Quota.ts"
import { OperatorToken } from "./OperatorToken.ts"
import { makeToken } from "./Token.ts"

/** How long a login lasts. */
export const loginMillis = 12 * 3_600_000

/** How many wrong tokens an address may try in a row. */
export const triesAtOnce = 5

const limitLogins = 100

/** Who is logged in as the operator, over HTTP. */
export class OperatorLogin extends Context.Service<
  OperatorLogin,
  {
    /** Checks a token that came from an address. */
    readonly check: (token: string, address: string) => Effect.Effect<void, Unauthorized | TooManyRequests>
    /** Begins a login: its id. */
    readonly begin: () => string
    readonly isOpen: (id: string) => boolean
    readonly end: (id: string) => void
  }
>()("parlance/app/OperatorLogin") {
  static readonly layer = Layer.effect(
    OperatorLogin,
    Effect.gen(function* () {
      const { isRight } = yield* OperatorToken
      const clock = yield* Clock.Clock
      const tries = yield* AddressQuota.make({ burst: triesAtOnce, perSecond: 0.1 })
      // When each login ends, the oldest first.
      const logins = new Map<string, number>()

      const check = Effect.fnUntraced(function* (
        token: string,
        address: string
      ): Effect.fn.Return<void, Unauthorized | TooManyRequests> {
        const key = banKey(address) ?? ""
        const retryAfterMillis = tries.waitMillis(key)
        if (retryAfterMillis > 0) return yield* new TooManyRequests({ retryAfterMillis })
        if (isRight(token)) return
        tries.spend(key)
        yield* Effect.logWarning("A wrong operator's token was tried").pipe(Effect.annotateLogs({ address }))
        return yield* new Unauthorized()
      })

      return OperatorLogin.of({
        check,
        begin: () => {
          const id = makeToken()
          const nowMillis = monotonicMillis(clock)
          logins.set(id, nowMillis + loginMillis)
          for (const [id, endMillis] of logins) {
            if (endMillis > nowMillis && logins.size <= limitLogins) break
            logins.delete(id)
          }
          return id
        },
        isOpen: (id) => (logins.get(id) ?? -Infinity) > monotonicMillis(clock),
        end: (id) => void logins.delete(id)
      })
    })
  )
}
