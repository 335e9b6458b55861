/**
 * Reads packages from a stream in which each may be plain, a zlib stream or a gzip member.
 *
 * - What a package is told by its first two bytes. A compressed stream goes on to its own end, and may hold any number
 *   of packages; each is delivered when its last brace has been inflated, not when the stream ends.
 * - Inflated bytes are counted as they come out, and no more than one step of them is there at a time. Compressed input
 *   is not kept.
 * - Packages are counted too: a stream of `{}` inflates a thousandfold, and every one of them would be answered.
 * - After a failure nothing is read any more.
 */
import * as Gzip from "./Gzip.ts"
import * as Inflater from "./Inflater.ts"
import * as JsonFrames from "./JsonFrames.ts"

/** How a package came: plain, as a zlib stream, as a gzip member. */
export type Container = 0 | 1 | 2

/** What packages may be. */
export interface Limits extends JsonFrames.Limits {
  /** The most that may be inflated for one package, white space around it included. */
  readonly inflatedLimitBytes: number
}

/** How a package was written. */
export interface Written {
  readonly container: Container
  /** Whether it is spaced as the original client does it. */
  readonly isSpaced: boolean
}

/** The text of a package that has arrived. */
export interface Package extends Written {
  readonly text: string
}

/** The packages that one read completed, and what ended the stream after them, if anything. */
export interface Read {
  readonly packages: ReadonlyArray<Package>
  readonly failure?: JsonFrames.Failure
}

/** A stream that is being read. */
export interface Compression {
  /** Takes one read, which may inflate to so many bytes at the most. */
  readonly read: (bytes: Uint8Array, inflatedLimitBytes?: number) => Read
  /** How many bytes the last read was inflated to. */
  readonly inflatedBytes: () => number
}

type Mode =
  | { readonly _tag: "Boundary" }
  | { readonly _tag: "Plain" }
  | { readonly _tag: "GzipHead"; readonly head: Gzip.Part }
  | { readonly _tag: "Body"; readonly inflater: Inflater.Inflater; readonly tail: Gzip.Tail | undefined }
  | { readonly _tag: "GzipTail"; readonly tail: Gzip.Tail }

/** How many compressed packages may come for less than {@link packageCostBytes} of input each. */
const packageCredit = 1024
/** Less than a package takes that is a stream by itself, or that is flushed. */
const packageCostBytes = 4
/** The most that one read may inflate to if nothing else is said, unless a single package may be longer. */
const readLimitBytes = 16_777_216

const boundary: Mode = { _tag: "Boundary" }
const plain: Mode = { _tag: "Plain" }

const damaged = JsonFrames.malformed("Cannot inflate package: the compressed data is damaged.")
const cut = JsonFrames.malformed("Cannot inflate package: the compressed stream ends within it.")
const unsupported = JsonFrames.malformed("Cannot inflate package: this server takes plain packages only.")

const crowded: JsonFrames.Failure = {
  _tag: "Failed",
  reason: "too-large",
  detail: "Cannot inflate packages: there are too many of them in too few bytes."
}

const tooMuch = (limitBytes: number): JsonFrames.Failure => ({
  _tag: "Failed",
  reason: "too-large",
  detail: `Cannot inflate packages: they come to more than ${limitBytes} bytes at once.`
})

const mayBeCompressed = (first: number): boolean => first === 0x1f || ((first & 0x0f) === 8 && first < 0x80)

const isZlib = (first: number, second: number): boolean =>
  (first & 0x0f) === 8 && first < 0x80 && (first * 256 + second) % 31 === 0

const isGzip = (first: number, second: number): boolean => first === 0x1f && second === 0x8b

/**
 * Makes a reader that stands before a first package.
 *
 * @see PROTOCOL.md § 9
 */
export const make = (limits: Limits): Compression => {
  const frames = JsonFrames.make(limits)
  // Inflaters of streams that ended: kept for other streams of the same read, which may be thousands.
  const spares = new Map<Inflater.Format, Inflater.Inflater>()
  let mode: Mode = boundary
  let held: number | undefined
  let inflatedBytes = 0
  let readBytes = 0
  let limitBytes = Infinity
  let credit = packageCredit
  let failure: JsonFrames.Failure | undefined

  const begin = (format: Inflater.Format): JsonFrames.Failure | undefined => {
    const inflater = spares.get(format) ?? Inflater.make(format)
    if (inflater === undefined) return unsupported
    spares.set(format, inflater)
    inflatedBytes = 0
    mode = { _tag: "Body", inflater, tail: format === "raw" ? Gzip.makeTail() : undefined }
    return undefined
  }

  /** Frees every inflater that is not in the middle of a stream. */
  const release = (): void => {
    for (const [format, inflater] of spares) {
      if (failure === undefined && mode._tag === "Body" && mode.inflater === inflater) continue
      inflater.close()
      spares.delete(format)
    }
  }

  /** Splits what a step of inflating put out. */
  const split = (
    output: Uint8Array,
    container: Container,
    packages: Array<Package>
  ): JsonFrames.Failure | undefined => {
    readBytes += output.length
    if (readBytes > limitBytes) return tooMuch(limitBytes)
    let at = 0
    while (at < output.length) {
      const pushed = frames.push(output, at)
      if (pushed._tag === "Failed") return pushed
      inflatedBytes += (pushed._tag === "Package" ? pushed.end : output.length) - at
      if (inflatedBytes > limits.inflatedLimitBytes) return JsonFrames.tooLarge(limits.inflatedLimitBytes)
      if (pushed._tag === "More") return undefined
      if (--credit < 0) return crowded
      packages.push({ text: pushed.text, container, isSpaced: pushed.isSpaced })
      inflatedBytes = 0
      at = pushed.end
    }
    return undefined
  }

  /** Reads from `from` on in the present mode, and answers with the index up to which it came, or with a failure. */
  const advance = (bytes: Uint8Array, from: number, packages: Array<Package>): number | JsonFrames.Failure => {
    switch (mode._tag) {
      case "Boundary": {
        const first = bytes[from]!
        if (JsonFrames.isWhiteSpace(first)) return from + 1
        if (!mayBeCompressed(first)) {
          mode = plain
          return from
        }
        const second = bytes[from + 1]
        if (second === undefined) {
          held = first
          return from + 1
        }
        if (isZlib(first, second)) return begin("zlib") ?? from
        if (isGzip(first, second)) {
          mode = { _tag: "GzipHead", head: Gzip.makeHead() }
          return from + 2
        }
        return JsonFrames.malformed("Cannot read package: it is neither JSON nor zlib nor gzip.")
      }
      case "Plain": {
        const pushed = frames.push(bytes, from)
        if (pushed._tag === "Failed") return pushed
        if (pushed._tag === "More") return bytes.length
        packages.push({ text: pushed.text, container: 0, isSpaced: pushed.isSpaced })
        mode = boundary
        return pushed.end
      }
      case "GzipHead": {
        const taken = mode.head.take(bytes[from]!)
        if (taken === "wrong") return damaged
        return (taken === "complete" ? begin("raw") : undefined) ?? from + 1
      }
      case "Body": {
        const { inflater, tail } = mode
        let at = from
        while (true) {
          const step = inflater.step(bytes, at)
          if (step === undefined) return damaged
          at += step.usedBytes
          tail?.add(step.output)
          const failed = split(step.output, tail === undefined ? 1 : 2, packages)
          if (failed !== undefined) return failed
          if (step.isEnded) {
            if (!frames.isBetween()) return cut
            inflater.reset()
            mode = tail === undefined ? boundary : { _tag: "GzipTail", tail }
            return at
          }
          if (at === bytes.length && step.output.length < Inflater.stepBytes) return at
        }
      }
      case "GzipTail": {
        const taken = mode.tail.take(bytes[from]!)
        if (taken === "wrong") return damaged
        if (taken === "complete") mode = boundary
        return from + 1
      }
    }
  }

  const read = (bytes: Uint8Array, inflatedLimitBytes = Math.max(readLimitBytes, limits.inflatedLimitBytes)): Read => {
    const packages: Array<Package> = []
    readBytes = 0
    if (failure !== undefined || bytes.length === 0) return { packages }
    credit = Math.min(credit, packageCredit) + bytes.length / packageCostBytes
    limitBytes = inflatedLimitBytes
    let input = bytes
    if (held !== undefined) {
      input = new Uint8Array(bytes.length + 1)
      input[0] = held
      input.set(bytes, 1)
      held = undefined
    }
    let at = 0
    while (at < input.length && failure === undefined) {
      const advanced = advance(input, at, packages)
      if (typeof advanced === "number") at = advanced
      else failure = advanced
    }
    release()
    return failure === undefined ? { packages } : { packages, failure }
  }

  return { read, inflatedBytes: () => readBytes }
}
