/**
 * Texts that say which message they are, and a counter that reads them.
 *
 * A stamp is `@@=` and seven digits, and stands first in a text of usual length. Nothing else in a frame looks like it.
 */
import type { Counter } from "./Counters.ts"
import { text } from "./Languages.ts"

const mark = Buffer.from("@@=")
const digits = 7
const stampBytes = mark.length + digits
const none = Buffer.alloc(0)
const zero = "0".charCodeAt(0)

/** A text with the number of a message in it. */
export const stamped = (message: number): string =>
  `${mark.toString()}${String(message).padStart(digits, "0")}${text.slice(stampBytes)}`

/** Calls `heard` for each message that comes, with its number. */
export const reader = (heard: (message: number) => void): Counter => {
  let count = 0
  let rest: Buffer = none
  return {
    read: (read, length) => {
      const come = read.subarray(0, length)
      const bytes = rest.length === 0 ? come : Buffer.concat([rest, come])
      let at = bytes.indexOf(mark)
      let end = 0
      for (; at >= 0 && at + stampBytes <= bytes.length; at = bytes.indexOf(mark, end)) {
        end = at + stampBytes
        let message = 0
        for (let digit = at + mark.length; digit < end; digit++) message = message * 10 + (bytes[digit] ?? 0) - zero
        count++
        heard(message)
      }
      // What may be the begin of a stamp is copied, for more will be read into the same memory.
      const keep = at >= 0 ? at : Math.max(end, bytes.length - mark.length + 1)
      rest = at < 0 && bytes[bytes.length - 1] !== mark[0] ? none : Buffer.from(bytes.subarray(keep))
    },
    count: () => count
  }
}
