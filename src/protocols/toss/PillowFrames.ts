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
import * as PlainMessage from "./PlainMessage.ts"
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
const textOf = (response: Response): string => Result.getOrThrow(SlipWriter.parts(response)).join("")

const bytesOf = (response: Response, variant: Variant): Uint8Array =>
  variant === "json" ? whole(toRecord(response)).head : Slab.encode(textOf(response))

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

/** The text of an announcement in Slip, which goes before every response: for that it has not to be put together. */
const announcementText = (bytes: number): string => {
  const digits = String(bytes)
  const chunks = `chunks|n${digits.length}|${digits};`
  return `action|l6|chunks;data|s${chunks.length}|${chunks};status|n3|100;`
}

/** A message without a file whose time is one. */
const isPlain = (
  response: Response
): response is Response & { readonly action: "send-message"; readonly status: 100 } =>
  response.status === 100 &&
  response.action === "send-message" &&
  response.data.attachment === undefined &&
  !Number.isNaN(response.data.time.getTime())

const sized = (response: Response): PlainMessage.Sized => {
  if (isPlain(response)) {
    const { message, time, username } = response.data
    return PlainMessage.write(message, username, time)
  }
  const text = textOf(response)
  return { text, sizeBytes: Buffer.byteLength(text) }
}

/**
 * A response in Slip that has no file, with its announcement before it, and how many bytes that has.
 *
 * @see PROTOCOL.md §§ 6, 7
 */
export const together = (response: Response): { readonly bytes: Uint8Array; readonly announcementBytes: number } => {
  const { sizeBytes, text } = sized(response)
  const announced = announcementText(sizeBytes)
  return { bytes: Slab.encode(announced + text), announcementBytes: announced.length }
}

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
