/** What a record may be, and what its peer is told that passes it. */
import { malformed, type Failure } from "./SlipText.ts"

/** The limits of one record. */
export interface SlipLimits {
  /** All keys, file names and contents except files' together. */
  readonly recordLimitBytes: number
  /** One key or file name. */
  readonly keyLimitBytes: number
  /** All fields, nested ones included; in JSON all brackets and commas. */
  readonly fieldLimit: number
  /** The deepest nesting, with the record itself as the first level. */
  readonly depthLimit: number
  /** The contents of all files of a record together. */
  readonly fileLimitBytes: number
  /** One request in JSON, which is kept whole while it is read. */
  readonly jsonLimitBytes: number
}

/** What is read unless a server is set otherwise. */
export const defaultLimits: SlipLimits = {
  recordLimitBytes: 1024 * 1024,
  keyLimitBytes: 1024,
  fieldLimit: 10_000,
  depthLimit: 32,
  fileLimitBytes: 100 * 1024 * 1024,
  jsonLimitBytes: 8 * 1024 * 1024
}

/** A record has more keys and names than it may. */
export const tooLong = ({ recordLimitBytes }: SlipLimits): Failure =>
  malformed(`Cannot read record: it is longer than ${recordLimitBytes} bytes`)

/** A key or a file name is too long. */
export const keyTooLong = ({ keyLimitBytes }: SlipLimits): Failure =>
  malformed(`Cannot read record: a key is longer than ${keyLimitBytes} bytes`)

/** A record has too many fields. */
export const tooMany = ({ fieldLimit }: SlipLimits): Failure =>
  malformed(`Cannot read record: it has more than ${fieldLimit} fields`)

/** A record is nested too deep. */
export const tooDeep = ({ depthLimit }: SlipLimits): Failure =>
  malformed(`Cannot read record: it is nested deeper than ${depthLimit} levels`)
