/**
 * The bots that are logged in.
 *
 * - A bot logs in when it does something and is logged out when it has done nothing for {@link idleMillis}, unless it
 *   listens meanwhile. Its name is taken then like anybody's, and may be somebody else's when it comes back.
 * - A login may take time, and belongs to none of the requests that wait for it.
 * - Whoever is killed by the operator is logged out, and may come back as anybody may.
 */
import { Clock, Context, Effect, Fiber, FiberMap, FiberSet, Layer, Option, type Scope } from "effect"
import { embedded } from "../../domain/Message.ts"
import type { UserName } from "../../domain/Names.ts"
import {
  AddressBanned,
  type NameInvalid,
  type NameReserved,
  type NameTaken,
  type RefusedByPolicy,
  type Rejection,
  type ServerFull
} from "../../domain/Rejection.ts"
import { Chat } from "../../services/Chat.ts"
import { IdleTimeout } from "../../services/IdleTimeout.ts"
import { Quota } from "../../services/Quota.ts"
import type { Session } from "../../services/Session.ts"
import { Sessions } from "../../services/Sessions.ts"

/** How long a bot is logged in that does nothing. */
export const idleMillis = 60_000

/** Why a bot cannot log in. */
export type LoginRefused = NameTaken | NameInvalid | NameReserved | AddressBanned | ServerFull | RefusedByPolicy

// Its name may have been given when there were fewer rules.
const refusals = new Set<Rejection["_tag"]>([
  "NameTaken",
  "NameInvalid",
  "NameReserved",
  "AddressBanned",
  "ServerFull",
  "RefusedByPolicy"
])
const isRefusal = (rejection: Rejection): rejection is LoginRefused => refusals.has(rejection._tag)

interface Present {
  readonly session: Session
  readonly idle: IdleTimeout
  listening: number
}

export class BotSessions extends Context.Service<
  BotSessions,
  {
    /** The session of a bot, which logs in if it is not; `address` is where it asks from. */
    readonly enter: (name: UserName, address: string) => Effect.Effect<Session, LoginRefused>
    /** The same, and it is not idle until the scope ends. */
    readonly stay: (name: UserName, address: string) => Effect.Effect<Session, LoginRefused, Scope.Scope>
    /** Logs a bot out, if it is there. */
    readonly leave: (name: UserName) => Effect.Effect<void>
    readonly isOnline: (name: UserName) => boolean
  }
>()("parlance/app/api/BotSessions") {
  static readonly layer = Layer.effect(
    BotSessions,
    Effect.gen(function* () {
      const chat = yield* Chat
      const quota = yield* Quota
      const sessions = yield* Sessions
      const clock = yield* Clock.Clock
      const present = new Map<UserName, Present>()
      const timeouts = yield* FiberMap.make<UserName>()
      const runTimeout = yield* FiberMap.runtime(timeouts)<never>()
      const runLogout = yield* FiberSet.makeRuntime<never, void, never>()

      const logout = (name: UserName): Effect.Effect<void> =>
        Effect.suspend(() => {
          const bot = present.get(name)
          present.delete(name)
          return bot === undefined ? Effect.void : chat.logout(bot.session)
        })
      yield* Effect.addFinalizer(() => Effect.forEach(Array.from(present.keys()), logout, { discard: true }))
      const logins = yield* FiberMap.make<UserName, Present, LoginRefused>()
      const runLogin = yield* FiberMap.runtime(logins)<never>()

      const expire = (name: UserName, bot: Present): Effect.Effect<void> =>
        Effect.flatMap(bot.idle.expired, () => {
          if (present.get(name) !== bot) return Effect.void
          if (bot.listening === 0) return logout(name)
          bot.idle.touch()
          return expire(name, bot)
        })

      const login = Effect.fnUntraced(function* (
        name: UserName,
        address: string
      ): Effect.fn.Return<Present, LoginRefused> {
        const outlet = { deliver: () => {}, hangUp: () => void runLogout(logout(name)), queuedBytes: () => 0 }
        const peer = { protocol: embedded, address }
        if (chat.admit !== undefined) yield* Effect.interruptible(chat.admit(peer))
        const refusal = () => (quota.isBanned(address) ? new AddressBanned() : undefined)
        const session = yield* Effect.catch(
          chat.login({ name, ...peer, outlet, refusal }),
          (refused): Effect.Effect<never, LoginRefused> =>
            isRefusal(refused) ? Effect.fail(refused) : Effect.die(refused)
        )
        const bot = { session, idle: new IdleTimeout(clock, idleMillis), listening: 0 }
        present.set(name, bot)
        runTimeout(name, expire(name, bot))
        return bot
      }, Effect.uninterruptible)

      const here = Effect.fnUntraced(function* (
        name: UserName,
        address: string
      ): Effect.fn.Return<Present, LoginRefused> {
        if (quota.isBanned(address)) return yield* new AddressBanned()
        const bot = present.get(name)
        if (bot === undefined || !sessions.isOpen(bot.session)) {
          const underway = Option.getOrUndefined(FiberMap.getUnsafe(logins, name))
          return yield* Fiber.join(underway ?? runLogin(name, login(name, address)))
        }
        bot.idle.touch()
        return bot
      })

      return BotSessions.of({
        enter: (name, address) => Effect.map(here(name, address), ({ session }) => session),
        stay: (name, address) =>
          Effect.acquireRelease(
            Effect.tap(here(name, address), (bot) => Effect.sync(() => bot.listening++)),
            (bot) =>
              Effect.sync(() => {
                bot.listening--
                bot.idle.touch()
              })
          ).pipe(Effect.map(({ session }) => session)),
        leave: (name) => Effect.andThen(FiberMap.remove(logins, name), logout(name)),
        isOnline: (name) => present.has(name)
      })
    })
  )
}
