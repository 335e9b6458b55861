/**
 * Serves a protocol of Socket.IO packets on an HTTP server that somebody else owns, over WebSockets and polling.
 *
 * - Whatever event a peer sends is a read, junk too; what is no packet of Socket.IO at all ends the connection.
 * - A peer that sends faster than it is served is dropped.
 * - Pages of other sites get no connection, unless their origin is configured.
 * - A connection has its place in the quota of its address from its handshake on, whether or not it asks for the chat; the
 *   policy is asked about the handshake.
 */
import { Effect, type Scope } from "effect"
import * as http from "node:http"
import type { Duplex } from "node:stream"
import { Server, type Socket } from "socket.io"
import { Hangup, type HangupReason } from "../domain/Hangup.ts"
import type { RefusedByPolicy } from "../domain/Rejection.ts"
import type { SocketIoPacket } from "../protocols/SocketIoPacket.ts"
import { Quota } from "../services/Quota.ts"
import { Connections, type Service } from "./Connections.ts"
import * as HangupLog from "./HangupLog.ts"
import * as HttpPipeline from "./HttpPipeline.ts"
import { isOriginOf } from "./HttpSite.ts"
import { SocketIoBatches } from "./SocketIoBatches.ts"
import { make as makeCarrier, type SocketIoCarrier } from "./SocketIoCarrier.ts"
import { SocketIoInbound } from "./SocketIoInbound.ts"
import * as SocketIoTimeouts from "./SocketIoTimeouts.ts"
import { type EngineSocket, SocketIoTraffic, WebSocketServer } from "./SocketIoTraffic.ts"

/** The largest packet of a peer. */
export const packetLimitBytes = 256 * 1024
/** How many events of a peer may wait to be served. */
export const backlogLimit = 1024
/** How many times the largest packet the waiting events of a peer may come to. */
const backlogPackets = 8
/** How long a peer may take from opening a connection to asking for the chat. */
export const joinTimeoutMillis = 15_000
/** How often a peer is asked whether it is there, and how long it may take to answer: what Socket.IO takes itself. */
const pingIntervalMillis = 25_000
const pingTimeoutMillis = 20_000
/** How long somebody else may take to answer who wants to upgrade elsewhere. */
const upgradeTimeoutMillis = 1_000

const path = "/socket.io"

/** Whether a page of `origin` may speak to `host`: its own pages may, and those of the configured origins. */
export const isWelcome = (
  origin: string | undefined,
  host: string | undefined,
  origins: ReadonlyArray<string>
): boolean => {
  if (origin === undefined || origins.includes("*") || origins.includes(origin)) return true
  return isOriginOf(origin, host)
}

/** Whether a request asks for a websocket of Socket.IO. */
export const isUpgrade = ({ headers, url }: http.IncomingMessage): boolean =>
  headers.upgrade?.trim().toLowerCase() === "websocket" && url?.startsWith(`${path}/`) === true

const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "")

type Acknowledge = (...args: ReadonlyArray<unknown>) => void

const isAcknowledge = (argument: unknown): argument is Acknowledge => typeof argument === "function"

const isOwn = ({ url }: http.IncomingMessage): boolean => url?.startsWith(`${path}/`) === true

/** Takes the requests and upgrades that are Socket.IO's. */
type Take = (name: "request" | "upgrade", args: ReadonlyArray<unknown>) => void

/** Has them go to `take` alone, whoever else listens to the server and whenever that began to. Gives what ends it. */
const intercept = (server: http.Server, take: Take): (() => void) => {
  const { emit } = server
  const isInherited = !Object.hasOwn(server, "emit")
  let isOver = false
  const passOn = (name: string | symbol, ...args: ReadonlyArray<unknown>): boolean => {
    if (isOver || (name !== "request" && name !== "upgrade") || !isOwn(args[0] as http.IncomingMessage)) {
      return Reflect.apply(emit, server, [name, ...args]) as boolean
    }
    take(name, args)
    return true
  }
  server.emit = passOn
  return () => {
    isOver = true
    // Somebody else may have come in between, and passes on to this.
    if (server.emit !== passOn) return
    if (isInherited) Reflect.deleteProperty(server, "emit")
    else server.emit = emit
  }
}

/**
 * Serves a protocol that is at work at `/socket.io/` of `server`, and the client's bundle at `/socket.io/socket.io.js`, until the scope
 * closes. Then every connection is closed; the HTTP server stays open.
 *
 * `origins` are those of other sites whose pages may connect, `*` for all. Requests that a peer sends before it was answered
 * are served in their turn, unless the server sees to that (`isInTurn`).
 */
export const attach = Effect.fnUntraced(function* <Packet, Key extends object>(options: {
  readonly service: Service<SocketIoPacket, Packet, SocketIoPacket, Key>
  readonly server: http.Server
  readonly origins: ReadonlyArray<string>
  readonly packetLimitBytes?: number
  readonly isInTurn?: boolean
}): Effect.fn.Return<void, never, Scope.Scope | Connections | Quota> {
  const { service, server, origins } = options
  const limitBytes = options.packetLimitBytes ?? packetLimitBytes
  const connections = yield* Connections
  const quota = yield* Quota
  // What gives back the places of handshakes.
  const places = new WeakMap<http.IncomingMessage, () => void>()
  const upgraded = new Set<Duplex>()
  let isClosing = false

  // Asks the policy about a handshake, which is answered when the policy has. Whoever is refused is told why, if it has said so.
  const ask = (allowed: Effect.Effect<void, RefusedByPolicy>, answer: (reason: string | undefined) => void): void => {
    const { metrics, run } = service.context
    const refuse = (reason: string): void => {
      metrics.counts.connectionsRefused++
      answer(reason)
    }
    const asked = Effect.match(allowed, {
      onSuccess: () => (isClosing ? refuse("The server is stopping") : answer(undefined)),
      onFailure: ({ reason }) => refuse(reason)
    })
    run(Effect.onInterrupt(asked, () => Effect.sync(() => refuse("The server is stopping"))))
  }

  const io = new Server({
    path,
    serveClient: true,
    transports: ["polling", "websocket"],
    maxHttpBufferSize: limitBytes,
    connectTimeout: SocketIoTimeouts.neverMillis,
    pingInterval: pingIntervalMillis,
    pingTimeout: pingTimeoutMillis,
    perMessageDeflate: false,
    httpCompression: false,
    wsEngine: WebSocketServer,
    destroyUpgrade: false,
    ...(origins.length === 0 ? {} : { cors: { origin: origins.includes("*") ? "*" : [...origins] } }),
    allowRequest: (request, answer) => {
      const { headers, socket } = request
      if (isClosing || !isWelcome(headers.origin, headers.host, origins)) return answer(null, false)
      const leave = quota.admit(plainAddress(socket.remoteAddress ?? ""))
      if (leave === undefined) return answer("There are too many connections from your address", false)
      places.set(request, leave)
      // A websocket may fail before Engine.IO knows of it, and is its whole connection.
      if (isUpgrade(request)) socket.once("close", leave)
      const { chat, protocol } = service.context
      if (chat.admit === undefined) return answer(null, true)
      ask(chat.admit({ protocol: protocol.name, address: plainAddress(socket.remoteAddress ?? "") }), (reason) => {
        if (reason !== undefined) leave()
        answer(reason ?? null, reason === undefined)
      })
    }
  })
  const batches = new SocketIoBatches()
  const backlog = { limitEvents: backlogLimit, limitBytes: backlogPackets * limitBytes }
  const accept = connections.accept(service)
  const carriers = new Set<SocketIoCarrier>()
  const traffics = new WeakMap<EngineSocket, SocketIoTraffic>()

  // Who has not joined the chat is no connection yet.
  const meet = (conn: EngineSocket): void => {
    const { clock, limits, metrics, protocol, run } = service.context
    const hangUp = (reason: HangupReason): void => {
      traffic.abort()
      const about = { protocol: protocol.name, address: plainAddress(conn.remoteAddress) }
      run(HangupLog.note(metrics, new Hangup({ reason }), undefined, about))
    }
    const traffic = new SocketIoTraffic(conn, clock, limitBytes, {
      answering: (bytes) => {
        if (traffic.unsentBytes + bytes > limits.outboxLimitBeforeLoginBytes) hangUp("slow")
      },
      drained: () => {},
      failed: hangUp
    })
    traffics.set(conn, traffic)
  }

  const serve = (socket: Socket): void => {
    joined(socket.conn)
    const traffic = traffics.get(socket.conn)
    if (traffic === undefined) return
    const inbound = new SocketIoInbound(backlog)
    const carrier = makeCarrier(socket, traffic, batches, () => {
      carriers.delete(carrier)
      inbound.end()
    })
    carriers.add(carrier)
    socket.conn.on("data", (data: string | Uint8Array | undefined) => inbound.expect(data?.length ?? 0))
    // What is not passed on is dealt with: nobody else listens to a peer's events, whatever they are called.
    socket.use(([name, ...args]: ReadonlyArray<unknown>) => {
      const last = args.at(-1)
      const event = { _tag: "Event", name: String(name) } as const
      const packet = isAcknowledge(last)
        ? { ...event, args: args.slice(0, -1), ack: carrier.await(last) }
        : { ...event, args }
      if (!inbound.push(packet)) carrier.destroy()
    })
    const remote = { address: plainAddress(socket.conn.remoteAddress) }
    accept({ carrier, inbound: inbound.inbound, remote, hasPlace: true })
  }

  // Node has upgrades answered by those who listen for them, who may all leave that to others.
  const watchUpgrade = (_: http.IncomingMessage, socket: Duplex): void => {
    const end = Effect.sync(() => {
      if ("bytesWritten" in socket && socket.bytesWritten === 0) socket.destroy()
    })
    service.context.run(Effect.ensuring(Effect.sleep(upgradeTimeoutMillis), end))
  }

  // It never listens: Socket.IO has its listeners there.
  const own = http.createServer()
  own.on("upgrade", (_: http.IncomingMessage, socket: Duplex) => {
    upgraded.add(socket)
    socket.once("close", () => upgraded.delete(socket))
  })
  io.attach(own)
  const request = (...of: Parameters<http.RequestListener>): void => void own.emit("request", ...of)
  const serveRequest = options.isInTurn === true ? request : HttpPipeline.inTurn(request)
  const release = intercept(server, (name, args) => {
    if (name === "request") serveRequest(...(args as Parameters<http.RequestListener>))
    else own.emit(name, ...args)
  })
  server.on("upgrade", watchUpgrade)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isClosing = true
      release()
      server.off("upgrade", watchUpgrade)
      for (const carrier of carriers) carrier.destroy()
      io.engine.close()
      // Who has not closed by now was never served, or does not listen: neither may keep the HTTP server from closing.
      for (const socket of upgraded) socket.destroy()
    })
  )
  const leave = (request: http.IncomingMessage): void => places.get(request)?.()
  io.engine.on("connection", (conn: Socket["conn"]) => conn.once("close", () => leave(conn.request)))
  io.engine.on("connection_error", ({ req }: { readonly req: http.IncomingMessage }) => leave(req))
  const joined = yield* SocketIoTimeouts.endIdlers(io, joinTimeoutMillis)
  io.engine.on("connection", yield* SocketIoTimeouts.endSilent(pingTimeoutMillis))
  io.engine.on("connection", meet)
  io.on("connection", serve)
})
