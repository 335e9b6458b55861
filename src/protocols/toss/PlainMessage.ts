/**
 * Messages without a file, which are most of what is said, as Slip.
 *
 * - What is written is what the writer of Slip writes.
 * - What is read has exactly the form of the original's messages. Of any other form nothing is said here: it is for the
 *   reader of Slip, which finds the same in this one.
 */
import { Result } from "effect"
import * as SlipGlance from "./SlipGlance.ts"
import type { SlipLimits } from "./SlipLimits.ts"
import * as SlipText from "./SlipText.ts"

/** A text and how many bytes it has. */
export interface Sized {
  readonly text: string
  readonly sizeBytes: number
}

// Most of what is said at once has the same time.
let last = { millis: Number.NaN, field: "" }

/** The end of one field and the field of a time. */
const timeField = (millis: number): string => {
  if (last.millis !== millis) {
    const iso = new Date(millis).toISOString()
    last = { millis, field: `;time|d${iso.length}|${iso};` }
  }
  return last.field
}

/**
 * The response that tells of a message. The time is a valid one.
 *
 * @see PROTOCOL.md § 6
 */
export const write = (message: string, username: string, time: Date): Sized => {
  const messageBytes = Buffer.byteLength(message)
  const usernameBytes = Buffer.byteLength(username)
  const before = `message|l${messageBytes}|`
  const between = `;username|l${usernameBytes}|`
  const behind = timeField(time.getTime())
  const dataBytes = before.length + messageBytes + between.length + usernameBytes + behind.length
  const head = `action|l12|send-message;status|n3|100;data|s${dataBytes}|${before}`
  return {
    text: `${head}${message}${between}${username}${behind};`,
    sizeBytes: head.length - before.length + dataBytes + 1
  }
}

/** What somebody says, and the index behind its request. */
export interface Found {
  readonly message: string
  readonly end: number
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const toData = bytesOf("action|l12|send-message;data|s")
const toMessage = bytesOf("message|l")
/** What cannot be a part of the request before it. */
const beginnings = ["action|", "data|", "{"].map(bytesOf)
/** How many bytes of a request count beside its message: its keys and its action. */
const aroundBytes = 29
const semicolon = 0x3b

/** How long a message may be that is read here; none may if a record may have less than it has. */
const messageLimitBytes = ({ depthLimit, fieldLimit, keyLimitBytes, recordLimitBytes }: SlipLimits): number =>
  depthLimit < 2 || fieldLimit < 3 || keyLimitBytes < 7 ? 0 : recordLimitBytes - aroundBytes

/**
 * Makes what finds a request to say a message, if one begins at an index and is whole. Where nothing was announced, what
 * lies behind it must be the end of the bytes or another request.
 *
 * @see PROTOCOL.md §§ 5, 8
 */
export const finder = (limits: SlipLimits) => {
  const limitBytes = messageLimitBytes(limits)
  return (bytes: Uint8Array, from: number): Found | undefined => {
    if (!SlipGlance.has(bytes, from, toData)) return undefined
    const dataSizeAt = from + toData.length
    const dataBar = SlipGlance.sizeBar(bytes, dataSizeAt, bytes.length)
    if (dataBar < 0 || !SlipGlance.has(bytes, dataBar + 1, toMessage)) return undefined
    const messageSizeAt = dataBar + 1 + toMessage.length
    const messageBar = SlipGlance.sizeBar(bytes, messageSizeAt, bytes.length)
    if (messageBar < 0) return undefined
    const sizeBytes = SlipGlance.size(bytes, messageSizeAt, messageBar)
    const behind = messageBar + 1 + sizeBytes
    if (sizeBytes === 0 || sizeBytes > limitBytes) return undefined
    if (SlipGlance.size(bytes, dataSizeAt, dataBar) !== behind - dataBar) return undefined
    if (bytes[behind] !== semicolon || bytes[behind + 1] !== semicolon) return undefined
    const end = behind + 2
    if (end < bytes.length && !beginnings.some((beginning) => SlipGlance.has(bytes, end, beginning))) return undefined
    const message = SlipText.decode(bytes.subarray(messageBar + 1, behind))
    return Result.isSuccess(message) ? { message: message.success, end } : undefined
  }
}
