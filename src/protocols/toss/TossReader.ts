/**
 * The packets in a stream of bytes.
 *
 * - An announcement sets how many of the next bytes are one record. Without one, a record ends where both `action` and
 *   `data` have been read, or where a key comes again; foreign fields that already lie behind belong to it.
 * - Reads may cut the stream anywhere and hold any number of requests. What an announcement covers is never mistaken for
 *   something else, not even when it cannot be read.
 * - A failure costs the announced bytes, or without an announcement the rest of the read; reading goes on behind it.
 * - A record without an announcement is ended as it is if its rest does not come in time.
 */
import { Result } from "effect"
import { TimedReader } from "../Reader.ts"
import * as JsonReader from "./JsonReader.ts"
import type { Variant } from "./PillowFrames.ts"
import * as PillowRequest from "./PillowRequest.ts"
import type { SlipLimits } from "./SlipLimits.ts"
import * as SlipReader from "./SlipReader.ts"
import { malformed, unexpectedEnd, type Failure } from "./SlipText.ts"
import { isRecord, type SlipRecord, type SlipValue } from "./SlipValue.ts"
import type { TossPacket } from "./TossPacket.ts"

/** How long the rest of a request may take that was not announced. */
const restMillis = 200
/** The same while a file comes. */
const fileRestMillis = 10_000

const brace = 0x7b

/** Whether a byte may stand around a request in JSON. */
const isWhiteSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/**
 * Makes a reader that nothing has come to.
 *
 * @see PROTOCOL.md §§ 5, 8
 */
export const make = (limits: SlipLimits): TimedReader<Uint8Array, TossPacket> => {
  let packets: Array<TossPacket> = []
  let ordinal = 0
  /** How many announced bytes are still to come. */
  let needBytes = 0
  /** Whether there was an announcement, valid or not, whose request has not come. */
  let isAnnounced = false
  /** How many bytes of the read are behind those that are being read. */
  let behindBytes = 0
  /** What has come of a record of Slip; what its other fields hold does not matter. */
  let action: SlipValue | undefined
  let data: SlipValue | undefined
  let others: Set<string> | undefined
  let variant: Variant = "slip"
  let isStarted = false
  let hasAttachment = false
  let failure: Failure | undefined
  let body: PillowRequest.Refusal | SlipRecord | undefined

  const beginFile = (path: PillowRequest.Path, sizeBytes: number): number => {
    hasAttachment ||= PillowRequest.isAttachment(path)
    packets.push({ _tag: "FileBegan", ordinal: ++ordinal, path, sizeBytes })
    return ordinal
  }
  const takePiece = (bytes: Uint8Array): void => void packets.push({ _tag: "FilePiece", ordinal, bytes })
  const endFile = (name: string): void => void packets.push({ _tag: "FileEnded", ordinal, name })

  const sink = { begin: beginFile, piece: takePiece, end: endFile }
  const slip = SlipReader.make(limits, sink)
  const json = JsonReader.make(limits, sink)

  const restart = (keepsKey = false): void => {
    action = data = others = undefined
    slip.reset(keepsKey)
    if (variant === "json") json.reset()
    isStarted = keepsKey
    hasAttachment = false
    failure = body = undefined
  }

  const fail = (failure: Failure): void => {
    packets.push({ _tag: "Failed", failure, variant, isAnnounced, hasMore: behindBytes > 0 })
    isAnnounced = false
    restart()
  }

  const refuse = (refusal: PillowRequest.Refusal): void => {
    packets.push({ _tag: "Refused", refusal, variant, isAnnounced, hasMore: behindBytes > 0 })
    isAnnounced = refusal.isAnnouncement
  }

  const settle = (read: Result.Result<PillowRequest.Request, PillowRequest.Refusal>, keepsKey = false): void => {
    if (Result.isFailure(read)) refuse(read.failure)
    else {
      const request = read.success
      packets.push({ _tag: "Request", request, variant, isAnnounced, hasMore: behindBytes > 0 })
      isAnnounced = request._tag === "Chunks"
      if (request._tag === "Chunks") needBytes = request.chunks
    }
    restart(keepsKey)
  }

  const has = (key: string): boolean =>
    key === "action" ? action !== undefined : key === "data" ? data !== undefined : others?.has(key) === true

  const put = (key: string, value: SlipValue): void => {
    if (key === "action") action = value
    else if (key === "data") data = value
    else others = (others ?? new Set()).add(key)
  }

  const readSlip = (): Result.Result<PillowRequest.Request, PillowRequest.Refusal> =>
    PillowRequest.readParts({ action, data, others }, slip.oversized())

  const settleSlip = (keepsKey = false): void => settle(readSlip(), keepsKey)

  const settleJson = (read: PillowRequest.Refusal | SlipRecord): void =>
    settle(isRecord(read) ? PillowRequest.read(read) : Result.fail(read))

  const start = (byte: number): void => {
    variant = byte === brace ? "json" : "slip"
    isStarted = true
  }

  const takeSlipBody = (bytes: Uint8Array): void => {
    let at = 0
    while (at < bytes.length) {
      const pushed = slip.push(bytes, at)
      if (pushed._tag === "Failed") failure = pushed
      if (pushed._tag === "Failed" || pushed._tag === "More") return
      if (pushed._tag === "Field") put(pushed.key, pushed.value)
      at = pushed.end
    }
  }

  const takeJsonBody = (bytes: Uint8Array): void => {
    let at = 0
    if (body === undefined) {
      const pushed = json.push(bytes, 0)
      if (pushed === undefined) return
      at = pushed.end
      if (pushed._tag === "Failed") failure = pushed.failure
      else body = pushed.read
    }
    while (at < bytes.length && failure === undefined) {
      if (!isWhiteSpace(bytes[at++]!)) failure = malformed("Cannot read request: something is behind it")
    }
  }

  /** Reads a part of what was announced: all of it is taken, whatever it is. */
  const takeBody = (bytes: Uint8Array): void => {
    if (!isStarted) start(bytes[0]!)
    if (failure === undefined) {
      if (variant === "slip") takeSlipBody(bytes)
      else takeJsonBody(bytes)
    }
    needBytes -= bytes.length
    if (needBytes > 0) return
    const wrong = failure ?? (variant === "slip" ? slip.finish() : body === undefined ? unexpectedEnd : undefined)
    if (wrong !== undefined) fail(wrong)
    else if (body === undefined) settleSlip()
    else settleJson(body)
  }

  const takeJson = (bytes: Uint8Array, from: number): number => {
    const pushed = json.push(bytes, from)
    if (pushed === undefined) return bytes.length
    behindBytes = pushed._tag === "Failed" ? 0 : bytes.length - pushed.end
    if (pushed._tag === "Failed") fail(pushed.failure)
    else settleJson(pushed.read)
    return bytes.length - behindBytes
  }

  /** Ends a record to which both `action` and `data` have come, unless foreign fields behind it may belong to it. */
  const settleWhole = (bytes: Uint8Array, at: number): boolean => {
    if (at < bytes.length && bytes[at] !== brace) {
      // What follows an announcement is what it announces, whatever it looks like.
      const announcement = action === "chunks" && others === undefined ? readSlip() : undefined
      if (announcement === undefined || Result.isFailure(announcement)) return false
      settle(announcement)
    } else settleSlip()
    return true
  }

  /** Reads on where nothing was announced, to the end of one record or of the bytes; the index where to go on. */
  const takeOpen = (bytes: Uint8Array, from: number): number => {
    let at = from
    /** Whether the record may end here. */
    let isWhole = false
    while (at < bytes.length) {
      if (!isStarted) {
        if (variant === "json" && isWhiteSpace(bytes[at]!)) {
          at++
          continue
        }
        start(bytes[at]!)
      }
      if (variant === "json") return takeJson(bytes, at)
      const pushed = slip.push(bytes, at, has)
      const isOther = pushed._tag === "Field" || (pushed._tag === "Key" && !has(pushed.key))
      if (isWhole && !isOther) {
        // The next record begins here, or may; it is read again from its first byte.
        settleSlip()
        return at
      }
      switch (pushed._tag) {
        case "Key":
          behindBytes = bytes.length - at
          if (!isOther) settleSlip(true)
          isWhole = false
          at = pushed.end
          break
        case "Field":
          put(pushed.key, pushed.value)
          at = pushed.end
          behindBytes = bytes.length - at
          isWhole = action !== undefined && data !== undefined
          if (isWhole && settleWhole(bytes, at)) return at
          break
        default:
          behindBytes = 0
          if (pushed._tag === "Failed") fail(pushed)
          return bytes.length
      }
    }
    return at
  }

  const flush = (): ReadonlyArray<TossPacket> => {
    const flushed = packets
    packets = []
    return flushed
  }

  const read = (bytes: Uint8Array): ReadonlyArray<TossPacket> => {
    if (isAnnounced) packets.push({ _tag: "Continued" })
    let at = 0
    while (at < bytes.length) {
      if (needBytes === 0) at = takeOpen(bytes, at)
      else {
        const part = at === 0 && bytes.length <= needBytes ? bytes : bytes.subarray(at, at + needBytes)
        at += part.length
        behindBytes = bytes.length - at
        takeBody(part)
      }
    }
    return flush()
  }

  const finish = (): ReadonlyArray<TossPacket> => {
    if (needBytes > 0 || !isStarted) return flush()
    isAnnounced = false
    behindBytes = 0
    const wrong = variant === "json" ? unexpectedEnd : slip.finish()
    if (wrong !== undefined) fail(wrong)
    else settleSlip()
    return flush()
  }

  const timeoutMillis = (): number | undefined => {
    if (needBytes > 0 || !isStarted) return undefined
    return hasAttachment ? fileRestMillis : restMillis
  }

  return new TimedReader(read, finish, timeoutMillis)
}
