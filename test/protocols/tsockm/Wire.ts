/** What the tests put on the wire of TsockM and take from it. */
import { cut } from "../Cut.ts"
import { readFileSync } from "node:fs"
import * as TsockmReader from "../../../src/protocols/tsockm/TsockmReader.ts"
import type { Received } from "../../../src/protocols/tsockm/TsockmRequest.ts"

/** The bytes of a text. */
export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

/** Parts one after another, without anything between. */
export const glue = (...parts: ReadonlyArray<Uint8Array | string>): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === "string" ? bytes(part) : part))))

/** What a stream brings when it comes in these pieces; a rest ends it. */
export const stream = (
  pieces: ReadonlyArray<Uint8Array | string>,
  limits: Partial<TsockmReader.TsockmLimits> = {}
): ReadonlyArray<Received> => {
  const reader = TsockmReader.make({ ...TsockmReader.defaultLimits, ...limits })
  const received = pieces.flatMap((piece) => reader.read(typeof piece === "string" ? bytes(piece) : piece))
  return [...received, ...reader.finish!()]
}

/** Every way to cut `whole` once, and the one of single bytes. */
export const cuts = (whole: Uint8Array): ReadonlyArray<ReadonlyArray<Uint8Array>> => [
  ...Array.from({ length: whole.length + 1 }, (_, at) => [whole.subarray(0, at), whole.subarray(at)]),
  cut(whole, 1)
]

/** Pseudo-random numbers below a bound, always the same for a seed. */
export const seeded = (seed: number) => {
  let state = seed
  return (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

const units = ["a", " ", ":", "::", "|", "#", "é", "\u00aa", "な", "🎉", "👩‍👩‍👧‍👦", "e\u0301", "🇸🇮", "\r\n", "\u0000"]

/** A text of up to `limit` units: characters of every kind, or any code points. */
export const textOf = (random: (bound: number) => number, limit: number): string => {
  const isWild = random(4) === 0
  const unit = () => {
    const code = random(0x10f800)
    return isWild ? String.fromCodePoint(code < 0xd800 ? code : code + 0x800) : units[random(units.length)]!
  }
  return Array.from({ length: random(limit + 1) }, unit).join("")
}

/** One packet that an original program has written. */
export interface Captured {
  readonly version: string
  readonly isFromClient: boolean
  readonly text: string
}

/** What original programs of all generations have written. */
export const captured: ReadonlyArray<Captured> = readFileSync(new URL("transcript.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [version = "", direction, ...words] = line.split(" ")
    return { version, isFromClient: direction === "C>S", text: words.join(" ") }
  })
