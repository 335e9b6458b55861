/** What the tests put on the wire of Toss-a-Message and take from it. */
import { readFileSync } from "node:fs"
import { Result } from "effect"
import type { SlipLimits } from "../../../src/protocols/toss/SlipLimits.ts"
import * as Limits from "../../../src/protocols/toss/SlipLimits.ts"
import * as SlipDocument from "../../../src/protocols/toss/SlipDocument.ts"
import type { SlipRecord, SlipValue } from "../../../src/protocols/toss/SlipValue.ts"
import type { TossPacket } from "../../../src/protocols/toss/TossPacket.ts"
import * as TossReader from "../../../src/protocols/toss/TossReader.ts"

/** The bytes of a text. */
export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

/** Parts one after another, without anything between. */
export const glue = (...parts: ReadonlyArray<Uint8Array | string>): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => (typeof part === "string" ? bytes(part) : part))))

/** A record of entries. */
export const record = (entries: Readonly<Record<string, SlipValue>>): SlipRecord => new Map(Object.entries(entries))

/** Limits that are the default ones but for some. */
export const limits = (some: Partial<SlipLimits>): SlipLimits => ({ ...Limits.defaultLimits, ...some })

/** The record in `whole`, or the status and text of what is wrong with it. */
export const parse = (whole: Uint8Array | string, some: Partial<SlipLimits> = {}): unknown => {
  const read = SlipDocument.read(typeof whole === "string" ? bytes(whole) : whole, limits(some))
  return Result.isSuccess(read) ? read.success.record : [read.failure.status, read.failure.detail]
}

/** A packet without what depends on where reads end. */
export type Tidied = Without<TossPacket>
type Without<Packet> = Packet extends unknown ? Omit<Packet, "hasMore"> : never

/** Packets without what depends on where reads end: the pieces of each file are joined to one. */
export const tidy = (packets: ReadonlyArray<TossPacket>): ReadonlyArray<Tidied> => {
  const tidied: Array<Tidied> = []
  for (const packet of packets) {
    const last = tidied.at(-1)
    if (packet._tag === "Continued") continue
    if (packet._tag === "FilePiece" && last?._tag === "FilePiece") {
      tidied[tidied.length - 1] = { ...packet, bytes: glue(last.bytes, packet.bytes) }
    } else if (packet._tag === "FilePiece") tidied.push({ ...packet, bytes: packet.bytes.slice() })
    else if ("hasMore" in packet) {
      const { hasMore: _, ...rest } = packet
      tidied.push(rest)
    } else tidied.push(packet)
  }
  return tidied
}

/** What a stream brings when it comes in these pieces; a time-out ends it. */
export const stream = (pieces: ReadonlyArray<Uint8Array>, some: Partial<SlipLimits> = {}): ReadonlyArray<Tidied> => {
  const reader = TossReader.make(limits(some))
  return tidy([...pieces.flatMap((piece) => reader.read(piece)), ...reader.finish()])
}

/** One read of the original's transcript. */
export interface Captured {
  readonly isFromClient: boolean
  readonly connection: string
  readonly bytes: Uint8Array
}

/** What the original client and server said to each other. */
export const captured: ReadonlyArray<Captured> = readFileSync(new URL("transcript.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [connection = "", direction, hex = ""] = line.split(" ")
    return { isFromClient: direction === "C>S", connection, bytes: new Uint8Array(Buffer.from(hex, "hex")) }
  })
