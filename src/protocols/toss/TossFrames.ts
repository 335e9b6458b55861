/**
 * Responses as what goes out, and how long an original takes to digest it.
 *
 * - An announcement and what it announces are next to each other, in one frame where both fit into a segment: the
 *   original takes one read for one message, and a segment is not torn apart.
 * - In JSON they are always two frames, for a client that parses each read as one object.
 * - A stored file is not in its frame: the frame says where it goes.
 */
import { Result } from "effect"
import type { ByteFrame } from "../Protocol.ts"
import * as PillowFrames from "./PillowFrames.ts"
import type { Response } from "./PillowResponse.ts"
import { base64Bytes } from "./JsonRecord.ts"
import type { SlipFile } from "./SlipValue.ts"

/** What surely goes into one TCP segment. */
const segmentBytes = 1400

const fileOf = (response: Response): SlipFile | undefined =>
  "data" in response && "attachment" in response.data ? response.data.attachment : undefined

/** The frames of one response, in order; nothing may come between them. */
export const encode = (response: Response, variant: PillowFrames.Variant): ReadonlyArray<ByteFrame> => {
  const file = fileOf(response)
  if (file === undefined && variant === "slip") {
    const { announcementBytes, bytes } = PillowFrames.together(response)
    if (bytes.length <= segmentBytes) return [bytes]
    return [bytes.subarray(0, announcementBytes), bytes.subarray(announcementBytes)]
  }
  // What we say can always be written.
  const { announcement, head, tail } = Result.getOrThrow(PillowFrames.pair(response, variant))
  if (file?.ordinal === undefined) return [announcement, head]
  const encoding = variant === "json" ? "base64" : "raw"
  const content = { file: file.ordinal, sizeBytes: file.sizeBytes, encoding } as const
  return [announcement, { _tag: "FileFrame", head, ...content, tail }]
}

/** How many bytes of memory a frame takes. */
export const heldBytes = (frame: ByteFrame): number =>
  frame instanceof Uint8Array ? frame.length : frame.head.length + frame.tail.length + 64

/** Whether frames may be kept beyond their use. */
export const areSmall = (frames: ReadonlyArray<ByteFrame>): boolean => {
  let bytes = 0
  for (const frame of frames) bytes += heldBytes(frame)
  return bytes <= 2 * segmentBytes
}

const sizeBytes = (frame: ByteFrame): number => {
  if (frame instanceof Uint8Array) return frame.length
  const content = frame.encoding === "base64" ? base64Bytes(frame.sizeBytes) : frame.sizeBytes
  return frame.head.length + content + frame.tail.length
}

/**
 * How long the original takes to be ready for the next frame: the gap, and more than linearly longer for what is large.
 *
 * @see PROTOCOL.md § 10
 */
export const digestMillis = (frame: ByteFrame, gapMillis: number): number => {
  const megabytes = sizeBytes(frame) / 1_000_000
  return Math.round(gapMillis + 250 * megabytes + 8 * megabytes * megabytes)
}
