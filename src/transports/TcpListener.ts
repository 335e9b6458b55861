/** A protocol of bytes on a TCP port. */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { Effect, Option, type Scope, Stream } from "effect"
import { NetAddress } from "effect/net"
import { Socket } from "effect/socket"
import type { Socket as NetSocket } from "node:net"
import type { ByteProtocol } from "../protocols/Protocol.ts"
import type { Carrier } from "./Carrier.ts"
import { Connections } from "./Connections.ts"
import { ListenFailed } from "./ListenFailed.ts"
import * as SharedBatch from "./SharedBatch.ts"

/** A TCP connection as a carrier: each `write` is one write of the socket, of bytes that `join` makes of the frames. */
export const carrier = (socket: NetSocket, join: SharedBatch.SharedBatch): Carrier<Uint8Array> => {
  let listener: Parameters<Carrier<Uint8Array>["listen"]>[0] | undefined
  const written = (): void => {
    if (socket.writableLength === 0) listener?.drained()
  }
  socket.once("close", () => listener?.closed())
  return {
    write: (frames) => {
      if (!socket.writable) return
      socket.write(join(frames), written)
    },
    unsentBytes: () => (socket.destroyed ? 0 : socket.writableLength),
    listen: (it) => {
      listener = it
    },
    end: () => socket.destroySoon(),
    destroy: () => socket.destroy()
  }
}

/**
 * Serves a protocol on a port until the scope ends; port 0 is any free one. Gives the address that was bound.
 *
 * A peer that closes its side still gets what it asked for before.
 */
export const listen = Effect.fn("TcpListener.listen")(function* (
  protocol: ByteProtocol,
  options: { readonly host: string; readonly port: number }
): Effect.fn.Return<string, ListenFailed, Scope.Scope | Connections> {
  const connections = yield* Connections
  const join = SharedBatch.make()
  const server = yield* NodeSocketServer.make({ ...options, allowHalfOpen: true, noDelay: true, keepAlive: true }).pipe(
    Effect.mapError((error) => {
      const { reason } = error
      return new ListenFailed({ protocol: protocol.name, ...options, cause: reason.cause })
    })
  )
  const serve = Effect.fnUntraced(function* (socket: Socket.Socket): Effect.fn.Return<void, never, Scope.Scope> {
    // The server provides it to each connection, which its type does not say.
    const conn = Option.getOrThrow(yield* Effect.serviceOption(NodeSocket.NetSocket))
    // The reader's scope is the connection's: when it ends, the library ends the socket.
    const pull = yield* Effect.option(Socket.readerBytes(socket))
    if (Option.isNone(pull)) return
    yield* connections.serve({
      protocol,
      carrier: carrier(conn, join),
      // Every end is a failure of the socket, and none of ours.
      reads: Stream.catch(Stream.fromPull(Effect.succeed(pull.value)), () => Stream.empty),
      address: conn.remoteAddress ?? ""
    })
  }, Effect.scoped)
  yield* Effect.forkScoped(server.run(serve))
  return NetAddress.formatSocketAddress(server.address)
})
