/**
 * A client of Toss-a-Message that reads as the original does, with all its weaknesses.
 *
 * - One read is one message: what comes with an announcement, an acknowledgement or half a message is its end or makes it
 *   deaf, which `state` tells.
 * - It announces each request and says it when the announcement has been acknowledged, never before.
 */
import { Effect, Queue, type Scope } from "effect"
import { connect, type Socket } from "node:net"
import * as Toss from "../protocols/toss/Client.ts"
import { type Client, inbox, closedOf } from "./Clients.ts"

export interface TossClient extends Client<Toss.Response> {
  readonly socket: Socket
  /** Queues a request. */
  readonly request: (request: Uint8Array) => Effect.Effect<void>
  readonly login: (name: string) => Effect.Effect<Toss.Response>
  readonly say: (
    text: string,
    attachment?: { readonly name: string; readonly content: Uint8Array }
  ) => Effect.Effect<void>
  /** The next message of somebody. */
  readonly from: (name: string) => Effect.Effect<NonNullable<Toss.Response["data"]>>
  /** `alive`, `dead` after something that it cannot parse, `deaf` after more than was announced. */
  readonly state: () => "alive" | "dead" | "deaf"
}

/** Connects an original. */
export const original = Effect.fnUntraced(function* (url: string): Effect.fn.Return<TossClient, never, Scope.Scope> {
  const { hostname, port } = new URL(url)
  const queue = yield* Queue.unbounded<Toss.Response>()
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => connect(Number(port), hostname)),
    (socket) => Effect.sync(() => socket.destroy())
  )
  let state: "alive" | "dead" | "deaf" = "alive"
  let need = 0
  let kept: Array<Uint8Array> = []
  const waiting: Array<Uint8Array> = []

  const announceNext = (): void => {
    if (waiting.length > 0) socket.write(Toss.announce(waiting[0]!))
  }
  const dispatch = (bytes: Uint8Array): void => {
    let response: Toss.Response
    try {
      response = Toss.read(bytes)
    } catch {
      state = "dead"
      socket.destroy()
      return
    }
    if (response.action !== "chunks") return void Queue.offerUnsafe(queue, response)
    if (response.status === 100) {
      need = response.data!.chunks!
      return
    }
    const request = waiting.shift()
    if (request !== undefined) socket.write(request)
    announceNext()
  }
  socket.on("error", () => {})
  socket.on("data", (read: Uint8Array) => {
    if (state !== "alive") return
    if (need === 0) return dispatch(read)
    kept.push(read)
    need -= read.length
    if (need < 0) state = "deaf"
    if (need !== 0) return
    const body = Buffer.concat(kept)
    kept = []
    dispatch(body)
  })

  const client = inbox(queue)
  const request = (bytes: Uint8Array) =>
    Effect.sync(() => {
      waiting.push(bytes)
      if (waiting.length === 1) announceNext()
    })
  return {
    ...client,
    socket,
    request,
    login: (name) =>
      Effect.andThen(
        request(Toss.logIn(name)),
        client.takeUntil(({ action, status }) => action === "log-in" || status >= 200)
      ),
    say: (text, attachment) => request(Toss.message(text, attachment)),
    from: (name) =>
      Effect.map(
        client.takeUntil(({ action, data }) => action === "send-message" && data?.username === name),
        ({ data }) => data!
      ),
    state: () => state,
    closed: closedOf(socket)
  }
})
