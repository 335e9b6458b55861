/**
 * The time-outs of a server of Socket.IO.
 *
 * Its own ones act in the very timer. A process that was stopped wakes with its timers over, before it has read what its
 * peers sent in time: so these act after that.
 */
import { Effect, FiberSet, Predicate, type Scope } from "effect"
import type { Server, Socket } from "socket.io"
import { sleepPatiently } from "../domain/MonotonicTime.ts"

type Engine = Socket["conn"]
type Close = (reason: string, description?: unknown) => void

// Engine.IO keeps it to itself, and has no way of its own to put it off.
const closes = (conn: object): conn is { onClose: Close } =>
  Predicate.hasProperty(conn, "onClose") && typeof conn.onClose === "function"

/** Puts off the end of a connection that has not answered a ping in time, until what has come is read; any packet counts. */
export const readFirst = (conn: Engine, pingTimeoutMillis: number): void => {
  const closing: object = conn
  if (!closes(closing)) return
  const close = closing.onClose.bind(conn)
  let deadline: NodeJS.Timeout | undefined
  const expire = (): void => {
    let heard: string | undefined
    const hear = ({ type }: { readonly type: string }): void => {
      if (heard !== "pong") heard = type
    }
    conn.on("packet", hear)
    const decide = (): void => {
      conn.off("packet", hear)
      if (heard === undefined) close("ping timeout")
      // It still owes an answer, and Engine.IO may not wait for it any more.
      else if (heard !== "pong") deadline = setTimeout(expire, pingTimeoutMillis)
    }
    // The first turn ends after the sockets were read.
    setImmediate(() => setImmediate(decide))
  }
  conn.on("heartbeat", () => clearTimeout(deadline))
  conn.on("close", () => clearTimeout(deadline))
  closing.onClose = (reason, description) => {
    if (reason === "ping timeout") expire()
    else close(reason, description)
  }
}

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
