/**
 * An exchange on a UDP port: every address from which datagrams come is a link.
 *
 * - What goes out is gathered and handed to the socket in one go; over a limit datagrams are lost, as they may be anyway.
 * - A datagram is dealt with when it comes. What its session has to wait for, others do not wait for.
 */
import * as NodeDatagramSocket from "@effect/platform-node/NodeDatagramSocket"
import { type Cause, Effect, Fiber, FiberSet, Queue, type Scope } from "effect"
import { NetAddress } from "effect/net"
import type { DatagramSocket } from "effect/socket"
import type { Link } from "../protocols/Exchange.ts"
import { Census } from "../services/Census.ts"
import type { ExchangePort } from "./ExchangePort.ts"
import { ListenFailed } from "./ListenFailed.ts"
import { WireLog } from "./WireLog.ts"

const linkLimit = 8192
const kernelBufferBytes = 4 * 1024 * 1024
/** How many datagrams may wait to go out, and how many to be dealt with. */
const outgoingLimit = 65_536
const pendingLimit = 4096

/** Serves an exchange on a port until the scope ends; port 0 is any free one. Gives the address that was bound. */
export const listen = Effect.fn("UdpListener.listen")(function* (
  port: ExchangePort<Uint8Array>,
  options: { readonly host: string; readonly port: number }
): Effect.fn.Return<string, ListenFailed, Census | Scope.Scope> {
  const { exchange } = port
  const { counts } = yield* Census
  const wire = yield* WireLog
  const socket = yield* NodeDatagramSocket.make({
    bind: { address: options.host, port: options.port },
    receiveBuffer: { capacity: 8192 },
    // What confirms a message to a full room comes at once, and what finds no room in the kernel's buffer is lost.
    kernelReceiveBufferSize: kernelBufferBytes
  })
  const reader = yield* socket.reader.pipe(
    Effect.mapError(({ reason }) => {
      const cause = "cause" in reason ? reason.cause : reason
      return new ListenFailed({ protocol: exchange.name, ...options, cause })
    })
  )
  const writer = yield* socket.writer
  const outgoing = yield* Queue.dropping<DatagramSocket.OutgoingDatagram, Cause.Done>(outgoingLimit)
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const links = new Map<string, Link<Uint8Array>>()
  let pending = 0
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
        wire.record?.("out", `${exchange.name} ${link.address}`, payload)
        Queue.offerUnsafe(outgoing, { payload, address })
      }
    }
    links.set(id, link)
    return link
  }

  const receive = ({ address, payload }: DatagramSocket.Datagram): void => {
    const link = linkOf(address)
    wire.record?.("in", `${exchange.name} ${link.address}`, payload)
    const steps = exchange.datagram(link, payload)
    if (steps.every((step) => step._tag === "Send" || step._tag === "Logout")) return port.performNow(steps)
    if (pending >= pendingLimit) {
      counts.packetsDropped++
      return
    }
    pending++
    const done = Effect.sync(() => void pending--)
    run(Effect.ensuring(port.perform(steps), done))
  }

  // What cannot be sent is lost: the peer is not there, or the network is not.
  const send = Effect.flatMap(Queue.takeAll(outgoing), (datagrams) => Effect.ignore(writer.writeAll(datagrams)))
  const sender = yield* Effect.forkScoped(Effect.ignore(Effect.forever(send)))
  const read = Effect.map(reader.pull, (datagrams) => {
    datagrams.forEach(receive)
    const lost = reader.dropped()
    counts.datagramsLost += lost - lostBefore
    lostBefore = lost
  })
  yield* Effect.forkScoped(
    Effect.forever(read).pipe(Effect.catch((error) => Effect.logError("Cannot read datagrams", error)))
  )
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* port.close
      yield* Queue.end(outgoing)
      yield* Effect.timeoutOption(Fiber.await(sender), "1 second")
    })
  )
  return NetAddress.formatSocketAddress(reader.address)
})
