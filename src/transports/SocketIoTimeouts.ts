/**
 * The time-outs of a server of Socket.IO.
 *
 * Its own ones act in the very timer. A process that was stopped wakes with its timers over, before it has read what its
 * peers sent in time: so these act after that.
 */
import { Effect, type Fiber, FiberSet, Predicate, type Scope } from "effect"
import type { Server, Socket } from "socket.io"
import { readFirst, sleepPatiently } from "../domain/MonotonicTime.ts"

type Engine = Socket["conn"]
type Close = (reason: string, description?: unknown) => void

// Engine.IO keeps it to itself, and has no way of its own to put it off.
const closes = (conn: object): conn is { onClose: Close } =>
  Predicate.hasProperty(conn, "onClose") && typeof conn.onClose === "function"

/** What has come of a connection when all is read that had come: the type of its last packet, or that it was a pong. */
const heardOf = (conn: Engine): Effect.Effect<string | undefined> =>
  Effect.suspend(() => {
    let heard: string | undefined
    const hear = ({ type }: { readonly type: string }): void => {
      if (heard !== "pong") heard = type
    }
    conn.on("packet", hear)
    return Effect.map(readFirst, () => heard).pipe(Effect.ensuring(Effect.sync(() => conn.off("packet", hear))))
  })

/**
 * Makes what is to be told of each connection: it puts off the end of one that has not answered a ping in time until what
 * has come is read. Any packet counts.
 */
export const endSilent = Effect.fnUntraced(function* (
  pingTimeoutMillis: number
): Effect.fn.Return<(conn: Engine) => void, never, Scope.Scope> {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  return (conn) => {
    const closing: object = conn
    if (!closes(closing)) return
    const close = closing.onClose.bind(conn)
    const expire: Effect.Effect<void> = Effect.flatMap(heardOf(conn), (heard) => {
      if (heard === undefined) return Effect.sync(() => close("ping timeout"))
      // It still owes an answer, and Engine.IO may not wait for it any more.
      return heard === "pong" ? Effect.void : Effect.andThen(Effect.sleep(pingTimeoutMillis), expire)
    })
    let expiring: Fiber.Fiber<void> | undefined
    const stay = (): void => expiring?.interruptUnsafe()
    conn.on("heartbeat", stay)
    conn.on("close", stay)
    closing.onClose = (reason, description) => {
      if (reason === "ping timeout") expiring = run(expire)
      else close(reason, description)
    }
  }
})

/** The longest timer there is: Socket.IO has a time-out of its own, which cannot be switched off. */
export const neverMillis = 2 ** 31 - 1

/**
 * Ends every connection that does not ask for the chat within a time; what is returned is to be told of each that does. To
 * be called when the server is attached.
 */
export const endIdlers = Effect.fnUntraced(function* (
  io: Server,
  joinTimeoutMillis: number
): Effect.fn.Return<(conn: Engine) => void, never, Scope.Scope> {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const waiting = new Map<Engine, () => void>()
  const forget = (conn: Engine): void => {
    waiting.get(conn)?.()
    waiting.delete(conn)
  }
  io.engine.on("connection", (conn: Engine) => {
    const expired = Effect.andThen(
      sleepPatiently(joinTimeoutMillis),
      Effect.sync(() => void conn.close())
    )
    const fiber = run(expired)
    waiting.set(conn, () => fiber.interruptUnsafe())
    conn.once("close", () => forget(conn))
  })
  return forget
})
