/** A protocol of bytes on a TCP port. */
import { Effect, FiberSet, type Scope } from "effect"
import { NetAddress } from "effect/net"
import { createServer, type Server, type Socket } from "node:net"
import type { ByteFrame, ByteProtocol } from "../protocols/Protocol.ts"
import { Attachments } from "../services/Attachments.ts"
import { Connections } from "./Connections.ts"
import { type ExchangePort, overStream } from "./ExchangePort.ts"
import { ListenFailed } from "./ListenFailed.ts"
import * as OwnBytes from "./OwnBytes.ts"
import { makeJoin, type Parts, TcpCarrier } from "./TcpCarrier.ts"

const addressOf = (server: Server): string => {
  const bound = server.address()
  if (bound === null || typeof bound === "string") return bound ?? ""
  return `${NetAddress.formatUrlHostString(bound.address)}:${bound.port}`
}

/**
 * Serves a protocol on a port until the scope ends; port 0 is any free one. Gives the address that was bound.
 *
 * A peer that closes its side still gets what it asked for before.
 */
export const listen = Effect.fn("TcpListener.listen")(function* <Frame extends ByteFrame>(
  protocol: ByteProtocol<Frame>,
  options: { readonly host: string; readonly port: number },
  exchange?: ExchangePort<Frame>
): Effect.fn.Return<string, ListenFailed, Scope.Scope | Connections | Attachments> {
  const connections = yield* Connections
  const attachments = yield* Attachments
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const sockets = new Set<Socket>()
  const parts: Parts = { join: makeJoin(), attachments, sockets, run }
  const receive = connections.receive({ protocol, exchange, release: OwnBytes.free })

  const serve = (socket: Socket): void => {
    const carrier = new TcpCarrier(socket, parts)
    receive({ carrier, source: carrier, whereabouts: carrier })
  }

  const open = Effect.callback<Server, ListenFailed>((resume) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, serve)
    // It stays when the port is open: a peer that cannot be accepted, for want of files, is no reason to stop.
    server.on("error", (cause) => resume(Effect.fail(new ListenFailed({ protocol: protocol.name, ...options, cause }))))
    server.listen(options, () => resume(Effect.succeed(server)))
  })
  const close = (server: Server) =>
    Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      for (const socket of sockets) socket.destroy()
    })
  const server = yield* Effect.acquireRelease(open, close)
  return addressOf(server)
})

/** Serves an exchange on a port, each connection as a link of its own. */
export const listenExchange = (
  port: ExchangePort<Uint8Array>,
  options: { readonly host: string; readonly port: number }
): ReturnType<typeof listen<Uint8Array>> => listen(overStream(port.exchange), options, port)
