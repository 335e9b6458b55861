/**
 * A Socket.IO connection as a carrier of packets.
 *
 * - On WebSockets one write carries all events that were handed over together, as bytes that are made once however many
 *   connections they go to.
 * - What is unsent is all that the kernel has not taken, whoever wrote it; when polling, also what no request has fetched.
 * - Whoever is destroyed with nothing unsent gets a moment to close in an orderly way, so that the last words arrive.
 * - A carrier is over once. Then its reads end, and `closed` is told; both calls to a listener come after the call that
 *   caused them has returned.
 */
import { Predicate } from "effect"
import type { Socket } from "socket.io"
import type { SocketIoPacket } from "../protocols/SocketIoPacket.ts"
import type { Carrier } from "./Carrier.ts"
import { framed, isUnsolicited, type SocketIoBatches, textOf, type Unsolicited } from "./SocketIoBatches.ts"
import type { SocketIoTraffic } from "./SocketIoTraffic.ts"

/** How many acknowledgements a peer may wait for; beyond that the oldest is forgotten. */
export const limitAcks = 1024
/** How long a peer may take to close its side, when all that it should get has been sent. */
const closingMillis = 1_000
/** How long what was handed over before the end may take to be sent. */
const endingMillis = 10_000

type Listener = Parameters<Carrier<SocketIoPacket>["listen"]>[0]

const closed = 3

const takesFrames = (socket: object | undefined): boolean =>
  Predicate.hasProperty(socket, "_sender") && Predicate.hasProperty(socket._sender, "sendFrame")

/** A carrier that also keeps what its peer wants acknowledged, and tells when it is over. */
export interface SocketIoCarrier extends Carrier<SocketIoPacket> {
  /** Allots a number to an acknowledgement that the peer waits for. */
  readonly await: (acknowledge: (...args: ReadonlyArray<unknown>) => void) => number
}

/** Makes a carrier of a Socket.IO connection; `over` is called once, when nothing will come or go any more. */
export const make = (
  socket: Socket,
  traffic: SocketIoTraffic,
  batches: SocketIoBatches,
  over: () => void
): SocketIoCarrier => {
  const { conn } = socket
  const acks = new Map<number, (...args: ReadonlyArray<unknown>) => void>()
  let lastAck = 0
  let deadline: NodeJS.Timeout | undefined
  let isEnding = false
  let isOver = false
  let listener: Listener | undefined
  let areFramesTaken = takesFrames(traffic.webSocket)

  traffic.listen({
    answering: (bytes) => listener?.answering(bytes),
    failed: (reason) => listener?.failed(reason),
    drained: () => {
      if (!isOver) listener?.drained()
    }
  })

  const finish = () => {
    if (isOver) return
    isOver = true
    clearTimeout(deadline)
    acks.clear()
    over()
    queueMicrotask(() => listener?.closed())
  }

  conn.on("upgrade", () => {
    areFramesTaken = takesFrames(traffic.webSocket)
  })
  conn.on("close", () => {
    const { webSocket } = traffic
    if (isEnding && webSocket !== undefined && webSocket.readyState !== closed) webSocket.once("close", finish)
    else finish()
  })

  const destroy = () => {
    if (isOver) return
    const { unsentBytes, webSocket } = traffic
    finish()
    if (unsentBytes > 0) return traffic.abort()
    conn.close(true)
    if (webSocket !== undefined && webSocket.readyState !== closed) {
      deadline = setTimeout(() => webSocket.terminate(), closingMillis).unref()
      webSocket.once("close", () => clearTimeout(deadline))
    }
  }

  socket.on("disconnect", () => {
    if (!isEnding) destroy()
  })
  socket.on("error", destroy)

  const writeEvents = (events: ReadonlyArray<Unsolicited>) => {
    if (events.length === 0) return
    if (areFramesTaken) conn.write("", framed(events))
    else for (const event of events) conn.write(textOf(event), { compress: false })
  }

  const acknowledge = ({ args, id }: SocketIoPacket & { readonly _tag: "Ack" }) => {
    const answer = acks.get(id)
    acks.delete(id)
    answer?.(...args)
  }

  const writeMixed = (packets: ReadonlyArray<SocketIoPacket>) => {
    let events: Array<Unsolicited> = []
    for (const packet of packets) {
      if (isUnsolicited(packet)) events.push(packet)
      else {
        writeEvents(events)
        events = []
        acknowledge(packet)
      }
    }
    writeEvents(events)
  }

  const write = (packets: ReadonlyArray<SocketIoPacket>) => {
    if (isEnding || isOver) return
    traffic.isOurs = true
    const batch = areFramesTaken ? batches.framed(packets) : undefined
    if (batch === undefined) writeMixed(packets)
    else if (packets.length > 0) conn.write("", batch)
    traffic.isOurs = false
  }

  return {
    write,
    unsentBytes: () => (isOver ? 0 : traffic.unsentBytes),
    listen: (to) => {
      listener = to
    },
    end: () => {
      if (isEnding || isOver) return
      isEnding = true
      deadline = setTimeout(destroy, endingMillis).unref()
      conn.close()
    },
    destroy,
    await: (acknowledge) => {
      lastAck += 1
      acks.set(lastAck, acknowledge)
      if (acks.size > limitAcks) acks.delete(lastAck - limitAcks)
      return lastAck
    }
  }
}
