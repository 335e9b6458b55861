/**
 * A protocol on a UDP port: every address from which datagrams come is a link.
 *
 * - What comes is a stream of datagrams, whose fiber waits for nothing else. What a datagram has to wait for is a fiber of its
 *   own (see `Datagrams`).
 * - What goes out is gathered and handed to the socket in one go; over a limit datagrams are lost, as they may be anyway.
 */
import * as NodeDatagramSocket from "@effect/platform-node/NodeDatagramSocket"
import { type Cause, Effect, Fiber, Queue, type Scope, Stream } from "effect"
import { NetAddress } from "effect/net"
import type { DatagramSocket } from "effect/socket"
import type { Link } from "../protocols/Link.ts"
import { Turn } from "../services/Turn.ts"
import type { Service } from "./Connections.ts"
import * as Datagrams from "./Datagrams.ts"
import { ListenFailed } from "./ListenFailed.ts"

const linkLimit = 8192
const kernelBufferBytes = 4 * 1024 * 1024
/** How many datagrams may wait to go out. */
const outgoingLimit = 65_536

/** Serves a protocol that is at work on a port until the scope ends; port 0 is any free one. Gives the address that was bound. */
export const listen = Effect.fn("UdpListener.listen")(function* <Packet, Key extends object>(
  service: Service<Uint8Array, Packet, Uint8Array, Key>,
  options: { readonly host: string; readonly port: number }
): Effect.fn.Return<string, ListenFailed, Scope.Scope> {
  const { context, interpreter } = service
  const { metrics, protocol, taps } = context
  const receive = yield* Datagrams.make(service)
  const socket = yield* NodeDatagramSocket.make({
    bind: { address: options.host, port: options.port },
    receiveBuffer: { capacity: 8192 },
    // What confirms a message to a full room comes at once, and what finds no room in the kernel's buffer is lost.
    kernelReceiveBufferSize: kernelBufferBytes
  })
  const reader = yield* socket.reader.pipe(
    Effect.mapError(({ reason }) => {
      const cause = "cause" in reason ? reason.cause : reason
      return new ListenFailed({ protocol: protocol.name, ...options, cause })
    })
  )
  const writer = yield* socket.writer
  const outgoing = yield* Queue.dropping<DatagramSocket.OutgoingDatagram, Cause.Done>(outgoingLimit)
  const links = new Map<string, Link<Uint8Array>>()
  let lostBefore = 0

  const linkOf = (address: NetAddress.InetAddress): Link<Uint8Array> => {
    const id = `udp ${NetAddress.formatSocketAddress(address)}`
    const known = links.get(id)
    if (known !== undefined) return known
    // An exchange keeps the link of a session; another one with the same id is as good.
    if (links.size >= linkLimit) links.clear()
    const link: Link<Uint8Array> = {
      id,
      address: NetAddress.formatIp(address.address),
      isReliable: false,
      send: (payload) => {
        taps.record?.("out", { who: `${protocol.name} ${link.address}` }, payload)
        Queue.offerUnsafe(outgoing, { payload, address })
      }
    }
    links.set(id, link)
    return link
  }

  // What cannot be sent is lost: the peer is not there, or the network is not.
  const send = Effect.flatMap(Queue.takeAll(outgoing), (datagrams) => Effect.ignore(writer.writeAll(datagrams)))
  const sender = yield* Effect.forkScoped(Effect.ignore(Effect.forever(send)))
  const received = Stream.fromPull(Effect.succeed(reader.pull))
  const countLost = Effect.sync(() => {
    const lost = reader.dropped()
    metrics.counts.datagramsLost += lost - lostBefore
    lostBefore = lost
  })
  // What comes in one turn is taken at once.
  const listening = Stream.runForEachArray(received, (batch) => {
    const incoming = batch.map(({ address, payload }) => ({ link: linkOf(address), bytes: payload }))
    return Effect.andThen(receive(incoming), Effect.andThen(countLost, Effect.yieldNow))
  })
  yield* listening.pipe(
    Effect.catch((error) => Effect.logError("Cannot read datagrams", error)),
    Effect.provideService(Turn, context.turn),
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* interpreter.close
      yield* Queue.end(outgoing)
      yield* Effect.timeoutOption(Fiber.await(sender), "1 second")
    })
  )
  return NetAddress.formatSocketAddress(reader.address)
})
