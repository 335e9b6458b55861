/**
 * Reads the requests in a stream of bytes.
 *
 * - Nothing on the wire says where a packet ends. Its fields are counted; its body goes on until the stream ends or rests,
 *   or until the header of another request by the same sender has come.
 * - Nothing here knows the time: whoever does calls `finish()` when the stream has rested for `readTimeoutMillis`, or has
 *   ended.
 * - Never throws. Reads may cut the stream anywhere without a difference. At most `packetLimitBytes`, a header and one read are
 *   kept; a packet that is longer is refused when it has become too long, and its rest dropped until `finish()`.
 */
import { Result } from "effect"
import { ByteBuffer } from "../ByteBuffer.ts"
import { TimedReader } from "../Reader.ts"
import * as TsockmPacket from "./TsockmPacket.ts"
import * as TsockmRequest from "./TsockmRequest.ts"
import * as TsockmText from "./TsockmText.ts"

/** How long a packet and the fields before its body may be. */
export interface TsockmLimits {
  readonly packetLimitBytes: number
  readonly headerLimitBytes: number
}

/** A text of 16 KiB and what goes before it. */
export const defaultLimits: TsockmLimits = { packetLimitBytes: 17 * 1024, headerLimitBytes: 1024 }

/** How long a rest takes that ends a packet before its body, which asks for more than the end of a text does. */
const headerTimeoutMillis = 1000
/** How long a rest takes that ends a body, or what is dropped. */
const bodyTimeoutMillis = 40

const [colon, lineFeed, carriageReturn] = [0x3a, 0x0a, 0x0d]
const status = new TextEncoder().encode("::200::")
const beginning = /(?:REQ|RES)::(?:COMM_END|COMM|MSG|GET_PEER)$/
/** No {@link beginning} is longer. */
const beginningBytes = 13

/** The few bytes from index `from` to before index `to` as characters, one each. */
const characters = (bytes: Uint8Array, from: number, to: number): string => {
  let text = ""
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at]!)
  return text
}

const isAt = (bytes: Uint8Array, from: number, sought: Uint8Array): boolean => {
  let index = 0
  while (index < sought.length && bytes[from + index] === sought[index]) index++
  return index === sought.length
}

/** How many line breaks the bytes begin with. */
const countLineBreaks = (bytes: Uint8Array): number => {
  let count = 0
  while (bytes[count] === lineFeed || bytes[count] === carriageReturn) count++
  return count
}

/**
 * Makes a stream that nothing has come of.
 *
 * @see PROTOCOL.md §§ 4, 5
 */
export const make = (limits: TsockmLimits = defaultLimits): TimedReader<Uint8Array, TsockmRequest.Received> => {
  const kept = new ByteBuffer()
  let isDropping = false
  // All of these count from the beginning of the packet.
  let at = 0
  let separators: Array<number> = []
  let bodyAt: number | undefined
  let succession: Uint8Array | undefined

  /** Begins the packet behind so many bytes. */
  const begin = (length: number): void => {
    kept.drop(length)
    at = 0
    if (separators.length > 0) separators = []
    bodyAt = succession = undefined
  }

  const refused = (bytes: Buffer): TsockmRequest.Received => {
    const fields = TsockmPacket.fields(TsockmText.decode(bytes.subarray(0, limits.headerLimitBytes)))
    return { _tag: "Refused", refusal: TsockmRequest.tooLong(fields), generation: fields.generation }
  }

  const drop = (): TsockmRequest.Received => {
    const dropped = refused(kept.view())
    isDropping = true
    begin(kept.sizeBytes)
    return dropped
  }

  /** Ends the packet behind its first `length` bytes. */
  const settle = (bytes: Buffer, length: number): TsockmRequest.Received | undefined => {
    const isTooLong = length > limits.packetLimitBytes
    const settled = isTooLong ? refused(bytes.subarray(0, length)) : packet(TsockmText.decode(bytes, length))
    begin(length)
    return settled
  }

  const packet = (text: string): TsockmRequest.Received | undefined => {
    if (text === "") return undefined
    const fields = TsockmPacket.fields(text)
    const { generation } = fields
    const request = TsockmRequest.read(fields)
    return Result.isSuccess(request)
      ? { _tag: "Request", request: request.success, generation }
      : { _tag: "Refused", refusal: request.failure, generation }
  }

  /** Counts the separators up to the body. */
  const readHeader = (bytes: Buffer): void => {
    const last = Math.min(bytes.length, limits.headerLimitBytes) - 1
    while (at < last) {
      if (bytes[at] !== colon || bytes[at + 1] !== colon) {
        at++
        continue
      }
      separators.push(at)
      at += 2
      if (separators.length < 6) continue
      const [, , third = 0, fourth = 0, fifth = 0] = separators
      const origin = characters(bytes, third + 2, fourth)
      const generation = TsockmPacket.isOrigin(origin) ? 8 : 7
      if (separators.length < TsockmPacket.separatorsBeforeBody(generation)) continue
      bodyAt = at
      const [before, behind] = generation === 8 ? [fourth, fifth] : [third, fourth]
      if (behind === before + 2) return
      succession = new Uint8Array(status.length + behind - third)
      succession.set(status)
      for (let from = third + 2; from < behind + 2; from++) succession[status.length + from - third - 2] = bytes[from]!
      return
    }
  }

  /** Where the next packet of the same sender begins, if its header is there. */
  const nextPacket = (bytes: Buffer, sought: Uint8Array, bodyAt: number): number | undefined => {
    const length = Math.min(bytes.length, limits.packetLimitBytes + beginningBytes + sought.length)
    for (;;) {
      // What is sought is long, and to begin to look for that takes longer than to find its first bytes.
      const found = bytes.indexOf(status, at)
      if (found < 0 || found > length - sought.length) break
      at = found + 1
      if (!isAt(bytes, found, sought)) continue
      const before = characters(bytes, Math.max(bodyAt, found - beginningBytes), found)
      const matched = beginning.exec(before)
      if (matched !== null) return found - matched[0].length
    }
    at = Math.max(at, length - sought.length + 1)
    return undefined
  }

  /** How long a packet is at least that has not ended and will be refused. */
  const refusedBytes = (): number => {
    if (bodyAt === undefined) return limits.headerLimitBytes
    return limits.packetLimitBytes + 1 + (succession === undefined ? 0 : beginningBytes + succession.length)
  }

  const read = (bytes: Uint8Array): ReadonlyArray<TsockmRequest.Received> => {
    if (isDropping || bytes.length === 0) return []
    kept.append(bytes)
    const received: Array<TsockmRequest.Received> = []
    while (kept.sizeBytes > 0) {
      const came = kept.view()
      const lineBreaks = at === 0 ? countLineBreaks(came) : 0
      if (lineBreaks > 0) {
        kept.drop(lineBreaks)
        continue
      }
      if (bodyAt === undefined) readHeader(came)
      const next = bodyAt === undefined || succession === undefined ? undefined : nextPacket(came, succession, bodyAt)
      if (next === undefined) {
        if (came.length >= refusedBytes()) received.push(drop())
        break
      }
      const settled = settle(came, next)
      if (settled !== undefined) received.push(settled)
    }
    return received
  }

  const finish = (): ReadonlyArray<TsockmRequest.Received> => {
    isDropping = false
    if (kept.sizeBytes === 0) return []
    const settled = settle(kept.view(), kept.sizeBytes)
    kept.clear()
    return settled === undefined ? [] : [settled]
  }

  const timeoutMillis = (): number | undefined => {
    if (isDropping) return bodyTimeoutMillis
    if (kept.sizeBytes === 0) return undefined
    return bodyAt === undefined ? headerTimeoutMillis : bodyTimeoutMillis
  }

  return new TimedReader(read, finish, timeoutMillis)
}
