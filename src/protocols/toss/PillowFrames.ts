/**
 * Responses as bytes.
 *
 * - Everything but an acknowledgement and an announcement goes out as a pair: the announcement and what it announces,
 *   with nothing between them.
 * - A pair may have a file whose content comes from elsewhere; its place is between `head` and `tail`.
 */
import { Result } from "effect"
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

const encoder = new TextEncoder()

/** What a response is made of: values of Slip with plain objects for records. */
type Plain = SlipValue | { readonly [key: string]: Plain | undefined } | ReadonlyArray<Plain>

const toValue = (plain: Plain): SlipValue => {
  if (Array.isArray(plain)) return plain.map(toValue)
  if (typeof plain !== "object" || plain === null || plain instanceof Date || plain instanceof Map) {
    return plain as SlipValue
  }
  return isFile(plain) ? plain : toRecord(plain as { readonly [key: string]: Plain | undefined })
}

const toRecord = (plain: { readonly [key: string]: Plain | undefined }): SlipRecord => {
  const record = new Map<string, SlipValue>()
  for (const [key, value] of Object.entries(plain)) if (value !== undefined) record.set(key, toValue(value))
  return record
}

const whole = (record: SlipRecord): SlipWriter.Around => {
  const parts = JsonRecord.parts(record)
  const index = parts.findIndex((part) => typeof part !== "string")
  const file = parts[index] as SlipFile | undefined
  const head = file === undefined ? parts : parts.slice(0, index)
  const tail = file === undefined ? [] : parts.slice(index + 1)
  return {
    head: encoder.encode(head.join("")),
    contentBytes: file?.sizeBytes ?? 0,
    tail: encoder.encode(tail.join(""))
  }
}

/** Only a response of ours, which is always writable, comes here. */
const bytesOf = (response: Response, variant: Variant): Uint8Array => {
  const record = toRecord(response)
  return variant === "json" ? whole(record).head : Result.getOrThrow(SlipWriter.write(record))
}

const acknowledgements = { slip: bytesOf(acknowledgement, "slip"), json: bytesOf(acknowledgement, "json") }

/**
 * The bytes of an acknowledgement, which is not announced.
 *
 * @see PROTOCOL.md § 7
 */
export const acknowledge = (variant: Variant): Uint8Array => acknowledgements[variant]

/**
 * The bytes of the announcement of so many bytes.
 *
 * @see PROTOCOL.md § 7
 */
export const announce = (bytes: number, variant: Variant): Uint8Array => bytesOf(announcement(bytes), variant)

/**
 * A response with its announcement; or why nobody could read it.
 *
 * @see PROTOCOL.md §§ 6, 7
 */
export const pair = (response: Response, variant: Variant): Result.Result<Pair, SlipWriter.Unwritable> => {
  const record = toRecord(response)
  // Slip's writer also finds what JSON could not say: dates that are none, files without a name.
  return Result.map(SlipWriter.writeAround(record), (slip) => {
    const around = variant === "json" ? whole(record) : slip
    const { contentBytes, head, tail } = around
    const middleBytes = variant === "json" ? JsonRecord.base64Bytes(contentBytes) : contentBytes
    return { announcement: announce(head.length + middleBytes + tail.length, variant), head, contentBytes, tail }
  })
}
