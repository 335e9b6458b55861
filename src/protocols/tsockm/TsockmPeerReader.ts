/**
 * Reads the packets that a peer is sent.
 *
 * - Nothing on the wire says where a packet ends: a rest of the stream does. What is no text ends where the next packet
 *   begins too. A text does not, because whoever says it could write what looks like a packet.
 * - Never throws. At most {@link limitBytes} are kept of a packet; one that is longer is none, and dropped up to the rest.
 */
import { ByteBuffer } from "../ByteBuffer.ts"
import { TimedReader } from "../Reader.ts"

/** The longest packet. */
export const limitBytes = 18 * 1024

/** The longest packet that is no text. */
const shortLimitBytes = 2048

/** How long a rest takes: less than the gap that the server leaves behind each packet. */
const restMillis = 15

const beginning = /(?:REQ|RES|ERR)::(?:COMM_END|COMM|MSG|GET_PEER|NTFY_KILL|NONE)::\d{3}::/g
const text = /^(?:REQ|RES)::MSG::/
/** A text is known by so many bytes. */
const textBytes = 10

/** One packet, or undefined if it was too long. */
export type Whole = Uint8Array | undefined

/** Makes a reader that nothing has come to. */
export const make = (): TimedReader<Uint8Array, Whole> => {
  const kept = new ByteBuffer()
  let isDropping = false

  const isText = (bytes: Buffer): boolean => text.test(bytes.toString("latin1", 0, textBytes))

  /** Where the next packet begins, if that has come. */
  const next = (bytes: Buffer): number | undefined => {
    beginning.lastIndex = 1
    return beginning.exec(bytes.toString("latin1", 0, shortLimitBytes))?.index
  }

  const read = (bytes: Uint8Array): ReadonlyArray<Whole> => {
    if (isDropping || bytes.length === 0) return []
    kept.append(bytes)
    const whole: Array<Whole> = []
    while (kept.sizeBytes >= textBytes) {
      const came = kept.view()
      const isOfText = isText(came)
      const end = isOfText ? undefined : next(came)
      if (end === undefined) {
        if (came.length > (isOfText ? limitBytes : shortLimitBytes)) {
          whole.push(undefined)
          isDropping = true
          kept.clear()
        }
        break
      }
      whole.push(new Uint8Array(came.subarray(0, end)))
      kept.drop(end)
    }
    return whole
  }

  const finish = (): ReadonlyArray<Whole> => {
    isDropping = false
    if (kept.sizeBytes === 0) return []
    const last = new Uint8Array(kept.view())
    kept.clear()
    return [last]
  }

  return new TimedReader(read, finish, () => (isDropping || kept.sizeBytes > 0 ? restMillis : undefined))
}
