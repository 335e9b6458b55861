/** Reads Slip that is all there. */
import { Result } from "effect"
import { defaultLimits } from "./SlipLimits.ts"
import * as SlipReader from "./SlipReader.ts"
import type { Failure } from "./SlipText.ts"
import type { SlipRecord, SlipValue } from "./SlipValue.ts"

/** A record, and the paths of its contents that were over the limit and are not in it. */
export interface ReadRecord {
  readonly record: SlipRecord
  readonly oversized: ReadonlyArray<ReadonlyArray<string>>
}

/**
 * Reads one whole record.
 *
 * @see PROTOCOL.md §§ 1–4
 */
export const read = (bytes: Uint8Array, limits = defaultLimits): Result.Result<ReadRecord, Failure> => {
  const reader = SlipReader.make(limits)
  const record = new Map<string, SlipValue>()
  let at = 0
  while (at < bytes.length) {
    const pushed = reader.push(bytes, at)
    if (pushed._tag === "Failed") return Result.fail(pushed)
    if (pushed._tag === "More") break
    if (pushed._tag === "Field") record.set(pushed.key, pushed.value)
    at = pushed.end
  }
  const failure = reader.finish()
  return failure === undefined ? Result.succeed({ record, oversized: reader.oversized() }) : Result.fail(failure)
}
