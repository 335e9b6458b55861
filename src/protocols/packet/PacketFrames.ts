/**
 * The packets in a stream of bytes.
 *
 * - Nothing on the wire says how long a packet is but its own fields. So what cannot be read does not matter as long as
 *   its end is known; where that is not known the stream is {@link Lost}, and all that follows is ignored.
 * - Never throws. Reads may cut the stream anywhere, or hold any number of packets, without a difference.
 * - At most one packet is kept, and of it only what has come. Every byte is copied a constant number of times. A packet
 *   over the limit is refused when its length has come, and dropped as it comes.
 */
import { Result } from "effect"
import * as ByteBuffer from "../ByteBuffer.ts"
import * as ByteReader from "../ByteReader.ts"
import { malformed, readPacket, type Malformed } from "./PacketCodec.ts"
import { PacketError } from "./PacketError.ts"
import { layoutAt, requests, responses, sizeAt, typeAt, type Language } from "./PacketLayout.ts"
import type { Request } from "./PacketRequest.ts"
import type { Response } from "./PacketResponse.ts"

/** The stream went on with something that has no known end: only the end of the connection helps. */
export interface Lost {
  readonly _tag: "Lost"
  /** The number that is no packet's, or none of this direction. */
  readonly packetType: number
  readonly detail: string
}

/** What the stream brings, in order. */
export type Framed<Packet = Request> = Packet | Malformed | Lost

/** How long a packet may be, its number included. */
export interface PacketLimits {
  readonly packetLimitBytes: number
}

/** The longest request that can be written: a message with 65,535 bytes. */
export const defaultLimits: PacketLimits = { packetLimitBytes: 28 + 65_535 }

/** A stream of packets. */
export interface PacketFrames<Packet = Request> {
  readonly push: (bytes: Uint8Array) => ReadonlyArray<Framed<Packet>>
  /** Whether nothing of a next packet has come. */
  readonly isBetween: () => boolean
}

const makeFrames = <Packet>(language: Language<Packet>, { packetLimitBytes }: PacketLimits): PacketFrames<Packet> => {
  const kept = ByteBuffer.make()
  /** So many bytes of the packet that is kept say more about it, or are all of it. */
  let neededBytes = 0
  let droppingBytes = 0
  let isLost = false
  let framed: Array<Framed<Packet>> = []

  /** Takes the packet that begins at index `from`: how many bytes it takes, or if that is more than there are, needs. */
  const frame = (bytes: Uint8Array, from: number, end: number, view?: DataView): number => {
    const cameBytes = end - from
    const layout = layoutAt(language, bytes, from, end)
    if (layout === undefined) {
      const packetType = typeAt(bytes, from)
      framed.push({ _tag: "Lost", packetType, detail: `Cannot read packet ${packetType}: its length is not known` })
      isLost = true
      return cameBytes
    }
    if (typeof layout === "number") return layout
    if (cameBytes < layout.headBytes) return layout.headBytes
    const sizeBytes = sizeAt(layout, bytes, from)
    if (sizeBytes > packetLimitBytes) {
      const why = `length is ${sizeBytes}, limit is ${packetLimitBytes}`
      framed.push(malformed(layout.type, why, PacketError.tooLong))
      droppingBytes = Math.max(0, sizeBytes - cameBytes)
      return sizeBytes - droppingBytes
    }
    if (sizeBytes <= cameBytes)
      framed.push(Result.merge(readPacket(language, layout, bytes, from, from + sizeBytes, view)))
    return sizeBytes
  }

  /** Takes some of the bytes from index `from` on; the index behind them. */
  const take = (bytes: Uint8Array, from: number, view: DataView): number => {
    if (isLost) return bytes.length
    const cameBytes = bytes.length - from
    if (droppingBytes > 0) {
      const droppedBytes = Math.min(droppingBytes, cameBytes)
      droppingBytes -= droppedBytes
      return from + droppedBytes
    }
    if (kept.sizeBytes() === 0) {
      neededBytes = frame(bytes, from, bytes.length, view)
      if (neededBytes <= cameBytes) return from + neededBytes
      kept.append(bytes, from)
      return bytes.length
    }
    const to = from + Math.min(neededBytes - kept.sizeBytes(), cameBytes)
    kept.append(bytes, from, to)
    const keptBytes = kept.sizeBytes()
    if (keptBytes < neededBytes) return to
    neededBytes = frame(kept.view(), 0, keptBytes)
    if (neededBytes <= keptBytes) kept.drop(keptBytes)
    return to
  }

  const push = (bytes: Uint8Array): ReadonlyArray<Framed<Packet>> => {
    let at = 0
    const view = ByteReader.viewOf(bytes)
    while (at < bytes.length) at = take(bytes, at, view)
    const flushed = framed
    framed = []
    return flushed
  }

  return { push, isBetween: () => kept.sizeBytes() === 0 && droppingBytes === 0 }
}

/**
 * Makes a stream of requests that nothing has come of.
 *
 * @see PROTOCOL.md §§ 2, 7
 */
export const make = (limits: PacketLimits = defaultLimits): PacketFrames => makeFrames(requests, limits)

/** Makes a stream of responses, as a client reads it. */
export const makeResponses = (): PacketFrames<Response> => makeFrames(responses, { packetLimitBytes: Infinity })
