/**
 * Inflates a stream piece by piece, synchronously.
 *
 * - Node's public functions either inflate a whole stream at once, which would have to be tried again at every read, or
 *   asynchronously. The handle beneath them does both; its two methods and the state it writes are the same in Node 20
 *   to 26 and guarded by a test. Where the handle is not there, {@link make} says so and the peer is refused.
 * - One step puts out at most {@link stepBytes}, so the caller counts while inflating. No input is kept.
 */
import { constants, createInflate, createInflateRaw } from "node:zlib"

/** The most that one step puts out. */
export const stepBytes = 16_384

/** With zlib's header and checksum, or without. */
export type Format = "zlib" | "raw"

/** What one step did. */
export interface Step {
  /** How many bytes of the input it took. */
  readonly usedBytes: number
  /** What it put out: a view that the next step overwrites. */
  readonly output: Uint8Array
  /** Whether the stream ended before the input did. A stream that ends with its input is seen to end at the next. */
  readonly isEnded: boolean
}

/** A stream that is being inflated. */
export interface Inflater {
  /** Inflates `input` from index `from` as far as one step goes; undefined when the stream is damaged. */
  readonly step: (input: Uint8Array, from: number) => Step | undefined
  /** Makes it ready for another stream. */
  readonly reset: () => void
  /** Frees its memory at once; it cannot be used any more. */
  readonly close: () => void
}

interface Handle {
  readonly reset: () => void
  readonly writeSync: (
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number
  ) => void
}

interface Engine {
  readonly _handle?: Handle
  /** Room left in the output, then input left, after a write. */
  readonly _writeState?: Uint32Array
  readonly close: () => void
}

/**
 * Makes an inflater, or undefined where this version of Node has no handle to inflate with.
 *
 * @see PROTOCOL.md § 9
 */
export const make = (format: Format): Inflater | undefined => {
  // The engine allocates a chunk for itself that is never used here.
  const options = { chunkSize: constants.Z_MIN_CHUNK }
  const engine = (format === "zlib" ? createInflate(options) : createInflateRaw(options)) as unknown as Engine
  const handle = engine._handle
  const state = engine._writeState
  if (typeof handle?.writeSync !== "function" || typeof handle.reset !== "function" || state === undefined) {
    engine.close()
    return undefined
  }
  const output = new Uint8Array(stepBytes)
  let isDamaged = false
  Object.assign(handle, {
    onerror: () => {
      isDamaged = true
    }
  })
  return {
    step: (input, from) => {
      const inputBytes = input.length - from
      handle.writeSync(constants.Z_SYNC_FLUSH, input, from, inputBytes, output, 0, stepBytes)
      if (isDamaged) return undefined
      const [roomBytes = 0, leftBytes = 0] = state
      return {
        usedBytes: inputBytes - leftBytes,
        output: output.subarray(0, stepBytes - roomBytes),
        isEnded: roomBytes > 0 && leftBytes > 0
      }
    },
    reset: () => handle.reset(),
    close: () => engine.close()
  }
}
