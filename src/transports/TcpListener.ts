/** A protocol of bytes on a TCP port. */
import { Effect, FiberSet, type Scope } from "effect"
import { NetAddress } from "effect/net"
import { createServer, type Server, type Socket } from "node:net"
import type { ByteFrame } from "../protocols/Protocol.ts"
import { Attachments } from "../services/Attachments.ts"
import { Connections, type Service } from "./Connections.ts"
import { Descriptors } from "./Descriptors.ts"
import { ListenFailed } from "./ListenFailed.ts"
import { makeJoin, TcpCarrier, type TcpContext } from "./TcpCarrier.ts"

const addressOf = (server: Server): string => {
  const bound = server.address()
  if (bound === null || typeof bound === "string") return bound ?? ""
  return `${NetAddress.formatUrlHostString(bound.address)}:${bound.port}`
}

/**
 * Serves a protocol that is at work on a port until the scope ends; port 0 is any free one. Gives the address that was bound.
 *
 * A peer that closes its side still gets what it asked for before.
 */
export const listen = Effect.fn("TcpListener.listen")(function* <Packet, Frame extends ByteFrame, Key extends object>(
  service: Service<Uint8Array, Packet, Frame, Key>,
  options: { readonly host: string; readonly port: number }
): Effect.fn.Return<string, ListenFailed, Scope.Scope | Connections | Attachments | Descriptors> {
  const connections = yield* Connections
  const descriptors = yield* Descriptors
  const attachments = yield* Attachments
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const sockets = new Set<Socket>()
  const context: TcpContext = { join: makeJoin(), attachments, sockets, run }
  const accept = connections.accept(service)
  const protocol = service.context.protocol.name
  const serve = (socket: Socket): void => {
    accept(new TcpCarrier(socket, context, descriptors.hold(socket) ? undefined : false))
  }

  const open = Effect.callback<Server, ListenFailed>((resume) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, serve)
    // It stays when the port is open: a peer that cannot be accepted, for want of files, is no reason to stop.
    server.on("error", (cause) => {
      if (server.listening) descriptors.ranOut()
      else resume(Effect.fail(new ListenFailed({ protocol, ...options, cause })))
    })
    server.listen(options, () => resume(Effect.succeed(server)))
  }).pipe(Effect.catchDefect((cause) => Effect.fail(new ListenFailed({ protocol, ...options, cause }))))
  const close = (server: Server) =>
    Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      for (const socket of sockets) socket.destroy()
    })
  const server = yield* Effect.acquireRelease(open, close)
  return addressOf(server)
})
