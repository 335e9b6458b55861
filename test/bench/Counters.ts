/**
 * Counts what a member hears without reading it.
 *
 * A counter looks at no more than it must: a byte count where all frames of a run have one length, else the head of each.
 */
import * as Packets from "./Packets.ts"

/** Counts deliveries in what one member reads. */
export interface Counter {
  readonly read: (bytes: Buffer, length: number) => void
  readonly count: () => number
}

/** Counts frames that all have one length. */
export const byLength = (frameBytes: number) => (): Counter => {
  let bytes = 0
  return {
    read: (_, length) => {
      bytes += length
    },
    count: () => bytes / frameBytes
  }
}

/** Counts WebSocket frames of 126 to 65,535 bytes: messages. News of who came and pings are shorter. */
export const byWebSocketFrame = (): Counter => {
  let count = 0
  let skip = 0
  const head: Array<number> = []
  return {
    read: (bytes, length) => {
      let at = 0
      while (at < length) {
        if (skip > 0) {
          const step = Math.min(skip, length - at)
          skip -= step
          at += step
          continue
        }
        head.push(bytes[at++] ?? 0)
        if (head.length < 2) continue
        const size = (head[1] ?? 0) & 127
        if (size === 127) throw new Error("A frame is longer than 65535 bytes")
        if (size === 126 && head.length < 4) continue
        if (size === 126) count++
        skip = size === 126 ? (head[2] ?? 0) * 256 + (head[3] ?? 0) : size
        head.length = 0
      }
    },
    count: () => count
  }
}

/** Counts those frames whose byte at `kindAt` is `kind`; `sizeOf` gives the length of a frame by that byte, or throws. */
const byKind = (kindAt: number, kind: number, sizeOf: (kind: number) => number) => (): Counter => {
  let count = 0
  // Of the frame that the last read ended in: its bytes so far, and its kind if that has come.
  let rest = 0
  let last = -1
  return {
    read: (bytes, length) => {
      let at = -rest
      while (at < length) {
        if (at + kindAt >= length) break
        if (at + kindAt >= 0) last = bytes[at + kindAt] ?? -1
        const size = sizeOf(last)
        if (at + size > length) break
        if (last === kind) count++
        at += size
      }
      rest = length - at
    },
    count: () => count
  }
}

/** Counts incoming messages of `packet` among the answers to one's own. */
export const byPacket = (textBytes: number): (() => Counter) =>
  byKind(1, Packets.types.incoming, (type) => {
    if (type === Packets.types.incoming) return Packets.incomingHeadBytes + textBytes
    if (type === Packets.types.accepted) return Packets.acceptedBytes
    throw new Error(`A packet ${type} came`)
  })

/** Counts messages of a NATS server, which asks now and then whether one is there. */
export const byNats = (frameBytes: number): (() => Counter) => {
  const [message, ping] = ["M".charCodeAt(0), "P".charCodeAt(0)]
  return byKind(0, message, (kind) => (kind === ping ? "PING\r\n".length : frameBytes))
}

/** Counts packets of `tsockm` with 7 fields whose body has a known length, and the id of whose sender has not. */
export const byTsockm = (textBytes: number) => (): Counter => {
  const beforeId = "RES::MSG::200::".length
  const behindId = "::client::client::".length - 1 + textBytes
  const colon = ":".charCodeAt(0)
  let count = 0
  let skip = beforeId
  let isId = false
  return {
    read: (bytes, length) => {
      let at = 0
      while (at < length) {
        if (skip > 0) {
          const step = Math.min(skip, length - at)
          skip -= step
          at += step
          if (skip > 0) return
          if (!isId) {
            isId = true
            continue
          }
          count++
          isId = false
          skip = beforeId
          continue
        }
        while (at < length && bytes[at] !== colon) at++
        if (at === length) return
        at++
        skip = behindId
      }
    },
    count: () => count
  }
}
