/** A protocol of bytes on a TCP port. */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { Effect, FiberSet, Option, type Scope, Stream } from "effect"
import { NetAddress } from "effect/net"
import { Socket } from "effect/socket"
import type { ByteFrame, ByteProtocol } from "../protocols/Protocol.ts"
import { Attachments } from "../services/Attachments.ts"
import { Connections } from "./Connections.ts"
import { type ExchangePort, overStream } from "./ExchangePort.ts"
import { ListenFailed } from "./ListenFailed.ts"
import * as OwnBytes from "./OwnBytes.ts"
import * as SharedBatch from "./SharedBatch.ts"
import * as TcpCarrier from "./TcpCarrier.ts"

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
  const parts: TcpCarrier.Parts = { join: SharedBatch.make(), attachments, run }
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
      carrier: TcpCarrier.make(conn, parts),
      // Every end is a failure of the socket, and none of ours.
      reads: Stream.catch(Stream.fromPull(Effect.succeed(pull.value)), () => Stream.empty),
      address: conn.remoteAddress ?? "",
      port: conn.remotePort,
      local: { address: conn.localAddress ?? "", port: conn.localPort ?? 0 },
      exchange,
      release: OwnBytes.free
    })
  }, Effect.scoped)
  yield* Effect.forkScoped(server.run(serve))
  return NetAddress.formatSocketAddress(server.address)
})

/** Serves an exchange on a port, each connection as a link of its own. */
export const listenExchange = (
  port: ExchangePort<Uint8Array>,
  options: { readonly host: string; readonly port: number }
): ReturnType<typeof listen<Uint8Array>> => listen(overStream(port.exchange), options, port)
