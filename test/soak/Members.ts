/** Users of all protocols, in the terms of all: each text says who said it. */
import { Effect, Queue, Result, type Scope } from "effect"
import { createSocket } from "node:dgram"
import { connect } from "node:net"
import { setTimeout } from "node:timers/promises"
import * as PacketCodec from "../../src/protocols/packet/PacketCodec.ts"
import * as PacketReader from "../../src/protocols/packet/PacketReader.ts"
import type { Request } from "../../src/protocols/packet/PacketRequest.ts"
import type { Response } from "../../src/protocols/packet/PacketResponse.ts"
import * as Clients from "../e2e/Clients.ts"
import * as Toss from "../protocols/toss/Client.ts"

export interface Member {
  /** Says something, and waits until it is acknowledged where its protocol does that. */
  readonly say: (text: string) => Effect.Effect<void>
  /** Calls `hear` with each text that comes, until it is interrupted. */
  readonly listen: (hear: (text: string) => void) => Effect.Effect<void>
}

/** Comes to a server, by a way of its own. */
export type Enter = (name: string, url: string) => Effect.Effect<Member, never, Scope.Scope>

/** Takes for ever what a client that gives up after ten seconds takes. */
const patiently = <A>(take: Effect.Effect<A>): Effect.Effect<A> => {
  const again: Effect.Effect<A> = Effect.suspend(() => Effect.catchDefect(take, () => again))
  return again
}

const listenTo =
  <Packet>(take: Effect.Effect<Packet>, textOf: (packet: Packet) => string | undefined) =>
  (hear: (text: string) => void): Effect.Effect<void> =>
    Effect.forever(
      Effect.map(patiently(take), (packet) => {
        const text = textOf(packet)
        if (text !== undefined) hear(text)
      })
    )

export const chatmaster: Enter = Effect.fnUntraced(function* (name, url) {
  const client = yield* Clients.chatmaster(url)
  yield* client.login(name)
  const textOf = ({ data, type }: Clients.Package) => (type === "message" ? (data["message"] as string) : undefined)
  return { say: client.say, listen: listenTo(client.take, textOf) }
})

export const sockets: Enter = Effect.fnUntraced(function* (name, url) {
  const client = yield* Clients.sockets(url)
  yield* client.ask("register", name)
  return {
    say: (message) => Effect.asVoid(client.ask("message", { from: name, message })),
    listen: listenTo(client.take, ({ args, name: event }) =>
      event === "message" ? (args[0] as { readonly message: string }).message : undefined
    )
  }
})

/** A connection that breaks without a fault, and a queue of what came of its bytes. */
const connected = Effect.fnUntraced(function* <Packet>(
  url: string,
  read: (bytes: Uint8Array) => ReadonlyArray<Packet>
) {
  const { hostname, port } = new URL(url)
  const queue = yield* Queue.unbounded<Packet>()
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => connect(Number(port), hostname)),
    (socket) => Effect.sync(() => socket.destroy())
  )
  socket.on("error", () => {})
  socket.on("data", (bytes: Uint8Array) => void Queue.offerAllUnsafe(queue, read(bytes)))
  return { queue, write: (bytes: Uint8Array | string) => void socket.write(bytes) }
})

const first = <Packet>(queue: Queue.Dequeue<Packet>, is: (packet: Packet) => boolean) =>
  Queue.take(queue).pipe(Effect.repeat({ until: is }), Effect.timeout("20 seconds"), Effect.orDie)

export const toss: Enter = Effect.fnUntraced(function* (name, url) {
  const reader = Toss.reader()
  const { queue, write } = yield* connected(url, (bytes) => reader.push(bytes))
  write(Toss.announced(Toss.logIn(name)))
  yield* first(queue, ({ action, data }) => action === "log-in" && data?.username === undefined)
  return {
    say: (text) => Effect.sync(() => write(Toss.announced(Toss.message(text)))),
    listen: listenTo(Queue.take(queue), ({ action, data }) =>
      action === "send-message" && data?.username !== name ? data?.message : undefined
    )
  }
})

export const tsockm: Enter = Effect.fnUntraced(function* (name, url) {
  const { host, hostname, port } = new URL(url)
  let rest = ""
  // Nothing says where a packet ends but the end of each text.
  const { queue, write } = yield* connected(url, (bytes) => {
    rest += Buffer.from(bytes).toString()
    const found = [...rest.matchAll(/::(\w+ \d+\.|\d+ messages? [^:]*left out here|[^:|]+\|\w+#)/g)]
    const last = found.at(-1)
    if (last !== undefined) rest = rest.slice(last.index + last[0].length)
    return found.map(([, body = ""]) => body)
  })
  write(`REQ::COMM::200::CLIENT::client::client::${host}::${name}`)
  const [id] = (yield* first(queue, (body) => body.includes("|"))).split("|")
  const request = (body: string) => {
    const socket = connect(Number(port), hostname)
    socket.on("error", () => {})
    socket.end(`REQ::MSG::200::CLIENT::${id}::client::${host}::${body}`)
    socket.resume()
  }
  return { say: (text) => Effect.sync(() => request(text)), listen: listenTo(Queue.take(queue), (text) => text) }
})

const resendMillis = 300
const encoder = new TextEncoder()

/** A member of the packet protocol: what is not answered is sent again if `isReliable` is false. */
const packet = Effect.fnUntraced(function* (
  name: string,
  send: (bytes: Uint8Array) => void,
  responses: Queue.Dequeue<Response>,
  isReliable: boolean
): Effect.fn.Return<Member, never, Scope.Scope> {
  const texts = yield* Queue.unbounded<string>()
  const heard = new Set<bigint>()
  const answered = new Map<string, (response: Response) => void>()
  const write = (request: Request): void => send(PacketCodec.writeRequest(request))
  const take = Effect.map(Queue.take(responses), (response) => {
    if (response._tag === "IncomingMessage") {
      if (!isReliable) write({ _tag: "IncomingMessageResponse", message: response.message })
      // What is confirmed late comes twice, which the number of a message tells.
      if (heard.has(response.message)) return
      heard.add(response.message)
      Queue.offerUnsafe(texts, Buffer.from(response.blob).toString())
      return
    }
    const key = "message" in response ? `${response._tag} ${response.message}` : response._tag
    answered.get(key)?.(response)
  })
  yield* Effect.forkScoped(Effect.forever(take))
  const ask = (request: Request, answer: string): Effect.Effect<Response> =>
    Effect.callback<Response>((resume) => {
      let isDone = false
      const again = (): void => {
        if (isDone) return
        write(request)
        if (!isReliable) void setTimeout(resendMillis, undefined, { ref: false }).then(again)
      }
      answered.set(answer, (response) => resume(Effect.succeed(response)))
      again()
      return Effect.sync(() => {
        isDone = true
      })
    }).pipe(
      Effect.onExit(() => Effect.sync(() => answered.delete(answer))),
      Effect.timeout("20 seconds"),
      Effect.orDie
    )
  const cookie = yield* ask({ _tag: "SessionRequest", name }, "SessionCookie")
  const session = cookie._tag === "SessionCookie" ? cookie.session : 0n
  // Over UDP an address has to show that it has got the cookie.
  if (!isReliable) yield* ask({ _tag: "SessionPreserve", session }, "SessionCookie")
  let last = 0n
  return {
    say: (text) => {
      const message = ++last
      const request = { _tag: "BroadcastRequest", session, message, blob: encoder.encode(text) } as const
      return Effect.asVoid(ask(request, `BroadcastResponse ${message}`))
    },
    listen: listenTo(Queue.take(texts), (text) => text)
  }
})

export const packetStream: Enter = Effect.fnUntraced(function* (name, url) {
  const reader = PacketReader.makeResponses()
  const isResponse = (it: PacketReader.Received<Response>): it is Response =>
    it._tag !== "Malformed" && it._tag !== "Lost"
  const { queue, write } = yield* connected(url, (bytes) => reader.read(bytes).filter(isResponse))
  return yield* packet(name, write, queue, true)
})

export const packetDatagrams: Enter = Effect.fnUntraced(function* (name, url) {
  const { hostname, port } = new URL(url)
  const responses = yield* Queue.unbounded<Response>()
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => createSocket("udp4")),
    (socket) => Effect.sync(() => socket.close())
  )
  let isOpen = true
  yield* Effect.addFinalizer(() => Effect.sync(() => void (isOpen = false)))
  socket.on("error", () => {})
  socket.on("message", (bytes) => {
    const response = PacketCodec.readResponse(bytes)
    if (Result.isSuccess(response)) Queue.offerUnsafe(responses, response.success)
  })
  const send = (bytes: Uint8Array): void => {
    if (isOpen) socket.send(bytes, Number(port), hostname)
  }
  return yield* packet(name, send, responses, false)
})
