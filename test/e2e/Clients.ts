/** Real clients for end-to-end tests: JSON over TCP, and the official Socket.IO client. */
import { Effect, Queue, type Scope } from "effect"
import { connect, type Socket } from "node:net"
import { io, type ManagerOptions, type SocketOptions } from "socket.io-client"

/** What a client is sent, one packet after another. */
export interface Client<Packet> {
  readonly take: Effect.Effect<Packet>
  /** Takes packets until one satisfies `isIt`. */
  readonly takeUntil: (isIt: (packet: Packet) => boolean) => Effect.Effect<Packet>
  readonly closed: Effect.Effect<void>
}

/** Takes what is queued, one packet after another. */
export const inbox = <Packet>(queue: Queue.Queue<Packet>) => {
  const take = Queue.take(queue).pipe(Effect.timeout("10 seconds"), Effect.orDie)
  return { take, takeUntil: (isIt: (packet: Packet) => boolean) => Effect.repeat(take, { until: isIt }) }
}

/** Succeeds when a socket is closed. */
export const closedOf = (socket: Socket): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (socket.closed) resume(Effect.void)
    else socket.once("close", () => resume(Effect.void))
  }).pipe(Effect.timeout("10 seconds"), Effect.orDie)

/** Splits a stream of text into the JSON objects in it. */
export const jsonObjects = (onObject: (object: unknown) => void): ((text: string) => void) => {
  let rest = ""
  return (text) => {
    rest += text
    for (let at = rest.indexOf("}"); at >= 0; at = rest.indexOf("}", at + 1)) {
      try {
        onObject(JSON.parse(rest.slice(0, at + 1)))
        rest = rest.slice(at + 1)
        at = -1
      } catch {
        // The brace was not the object's last one.
      }
    }
  }
}

export interface Package {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface ChatMaster extends Client<Package> {
  readonly socket: Socket
  readonly send: (type: string, data: unknown) => Effect.Effect<void>
  readonly command: (command: string, parameters?: unknown) => Effect.Effect<void>
  readonly say: (message: string) => Effect.Effect<void>
  readonly login: (username: string) => Effect.Effect<Package>
}

/** Connects a ChatMaster client and takes the login request. */
export const chatmaster = Effect.fnUntraced(function* (url: string): Effect.fn.Return<ChatMaster, never, Scope.Scope> {
  const { hostname, port } = new URL(url)
  const queue = yield* Queue.unbounded<Package>()
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => connect(Number(port), hostname)),
    (socket) => Effect.sync(() => socket.destroy())
  )
  socket.setEncoding("utf8")
  socket.on("error", () => {})
  socket.on("data", jsonObjects((object) => Queue.offerUnsafe(queue, object as Package)) as (text: string) => void)
  const client = inbox(queue)
  const send = (type: string, data: unknown) => Effect.sync(() => void socket.write(JSON.stringify({ type, data })))
  const command = (command: string, parameters?: unknown) => send("command", { command, parameters })
  yield* client.takeUntil(({ type }) => type === "request")
  return {
    ...client,
    socket,
    send,
    command,
    say: (message) => send("message", { message }),
    login: (username) =>
      Effect.andThen(
        command("login", { username }),
        client.takeUntil(({ type }) => type === "session")
      ),
    closed: closedOf(socket)
  }
})

export interface Heard {
  readonly name: string
  readonly args: ReadonlyArray<unknown>
}

export interface Sockets extends Client<Heard> {
  readonly socket: ReturnType<typeof io>
  readonly emit: (name: string, ...args: ReadonlyArray<unknown>) => Effect.Effect<void>
  /** Emits an event with an acknowledgement, and gives what it is called with. */
  readonly ask: (name: string, ...args: ReadonlyArray<unknown>) => Effect.Effect<unknown>
  /** The next `message` from somebody. */
  readonly from: (name: string) => Effect.Effect<string>
}

/** Connects a Socket.IO client. */
export const sockets = Effect.fnUntraced(function* (
  url: string,
  options?: Partial<ManagerOptions & SocketOptions>
): Effect.fn.Return<Sockets, never, Scope.Scope> {
  const queue = yield* Queue.unbounded<Heard>()
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => io(url, { forceNew: true, reconnection: false, ...options })),
    (socket) => Effect.sync(() => socket.disconnect())
  )
  socket.onAny((name: string, ...args: ReadonlyArray<unknown>) => Queue.offerUnsafe(queue, { name, args }))
  yield* Effect.callback<void>((resume) => {
    socket.once("connect", () => resume(Effect.void))
  }).pipe(Effect.timeout("10 seconds"), Effect.orDie)
  const client = inbox(queue)
  const isFrom = (name: string) => (heard: Heard) =>
    heard.name === "message" && (heard.args[0] as { readonly from: string }).from === name
  return {
    ...client,
    socket,
    emit: (name, ...args) => Effect.sync(() => void socket.emit(name, ...args)),
    ask: (name, ...args) =>
      Effect.callback<unknown>((resume) => {
        socket.emit(name, ...args, (answer: unknown) => resume(Effect.succeed(answer)))
      }).pipe(Effect.timeout("10 seconds"), Effect.orDie),
    from: (name) =>
      Effect.map(client.takeUntil(isFrom(name)), ({ args }) => (args[0] as { readonly message: string }).message),
    closed: Effect.callback<void>((resume) => {
      if (socket.disconnected) resume(Effect.void)
      else socket.once("disconnect", () => resume(Effect.void))
    }).pipe(Effect.timeout("10 seconds"), Effect.orDie)
  }
})
