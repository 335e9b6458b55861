/**
 * Responses as bytes.
 *
 * - Everything but an acknowledgement and an announcement goes out as a pair: the announcement and what it announces,
 *   with nothing between them.
 * - A pair may have a file whose content comes from elsewhere; its place is between `head` and `tail`.
 */
import { Result } from "effect"
import * as Slab from "../Slab.ts"
import * as JsonRecord from "./JsonRecord.ts"
import { acknowledgement, announcement, type Response } from "./PillowResponse.ts"
import * as SlipWriter from "./SlipWriter.ts"
import { isFile, type SlipFile, type SlipRecord, type SlipValue } from "./SlipValue.ts"

/** How a peer writes and reads. */
export type Variant = "slip" | "json"

/** A response and its announcement. */
export interface Pair {
  readonly announcement: Uint8Array
  readonly head: Uint8Array
  /** How many bytes of a file belong between head and tail; in JSON as base64. */
  readonly contentBytes: number
  readonly tail: Uint8Array
}

const toValue = (writable: SlipWriter.Writable): SlipValue => {
  if (Array.isArray(writable)) return writable.map(toValue)
  if (typeof writable !== "object" || writable === null || writable instanceof Date || isFile(writable)) {
    return writable as SlipValue
  }
  return toRecord(writable as SlipWriter.WritableRecord)
}

const toRecord = (writable: SlipWriter.WritableRecord): SlipRecord => {
  const record = new Map<string, SlipValue>()
  for (const [key, value] of Object.entries(writable)) if (value !== undefined) record.set(key, toValue(value))
  return record
}

const whole = (record: SlipRecord): SlipWriter.Around => {
  const parts = JsonRecord.parts(record)
  const index = parts.findIndex((part) => typeof part !== "string")
  const file = parts[index] as SlipFile | undefined
  const head = file === undefined ? parts : parts.slice(0, index)
  const tail = file === undefined ? [] : parts.slice(index + 1)
  return {
    head: Slab.encode(head.join("")),
    contentBytes: file?.sizeBytes ?? 0,
    tail: Slab.encode(tail.join(""))
  }
}

/** Only a response of ours, which is always writable, comes here. */
const bytesOf = (response: Response, variant: Variant): Uint8Array =>
  variant === "json" ? whole(toRecord(response)).head : Result.getOrThrow(SlipWriter.write(response))

const acknowledgements = { slip: bytesOf(acknowledgement, "slip"), json: bytesOf(acknowledgement, "json") }

/**
 * The bytes of an acknowledgement, which is not announced.
 *
 * @see PROTOCOL.md § 7
 */
export const acknowledge = (variant: Variant): Uint8Array => acknowledgements[variant]

/** Announcements of responses that are not long. Most responses have as many bytes as one before. */
const announcements: Array<Uint8Array | undefined> = Array.from({ length: 2048 })

const announceSlip = (bytes: number): Uint8Array => {
  const known = announcements[bytes]
  if (known !== undefined) return known
  const made = bytesOf(announcement(bytes), "slip")
  if (bytes < announcements.length) announcements[bytes] = made
  return made
}

/**
 * The bytes of the announcement of so many bytes.
 *
 * @see PROTOCOL.md § 7
 */
export const announce = (bytes: number, variant: Variant): Uint8Array =>
  variant === "slip" ? announceSlip(bytes) : bytesOf(announcement(bytes), variant)

/**
 * A response in Slip that has no file, behind its announcement.
 *
 * @see PROTOCOL.md §§ 6, 7
 */
export const together = (response: Response): SlipWriter.Announced =>
  Result.getOrThrow(SlipWriter.writeAnnounced(response, announceSlip))

/**
 * A response with its announcement; or why nobody could read it.
 *
 * @see PROTOCOL.md §§ 6, 7
 */
export const pair = (response: Response, variant: Variant): Result.Result<Pair, SlipWriter.Unwritable> =>
  // Slip's writer also finds what JSON could not say: dates that are none, files without a name.
  Result.map(SlipWriter.writeAround(response), (slip) => {
    const around = variant === "json" ? whole(toRecord(response)) : slip
    const { contentBytes, head, tail } = around
    const middleBytes = variant === "json" ? JsonRecord.base64Bytes(contentBytes) : contentBytes
    return { announcement: announce(head.length + middleBytes + tail.length, variant), head, contentBytes, tail }
  })
