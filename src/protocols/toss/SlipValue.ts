/**
 * The values of Slip.
 *
 * - Strings, numbers, booleans, dates, arrays and `null` are JavaScript's own.
 * - A record is a Map, so that its order is the wire's and `__proto__` is a key like any other.
 * - A file is its name and its size; whether its content is at hand is another matter.
 */
import { Predicate } from "effect"

/** A file: its content is here, or goes its own way, or was dropped because it was too large. */
export interface SlipFile {
  readonly _tag: "File"
  /** As it came, neither reduced to a base name nor otherwise safe. */
  readonly name: string
  readonly sizeBytes: number
  readonly content?: Uint8Array
  /** Which file it is, if its content goes another way: its place on the connection, or the number of a stored one. */
  readonly ordinal?: number
  /** Whether the content was over the limit and is nowhere. */
  readonly isDropped?: boolean
}

/** Fields by key, in order. */
export type SlipRecord = ReadonlyMap<string, SlipValue>

/** What one field holds; `null` is the type "nothing". */
export type SlipValue = string | number | boolean | null | Date | SlipFile | SlipRecord | ReadonlyArray<SlipValue>

/** Whether a value is a file. */
export const isFile = Predicate.isTagged("File") as (value: unknown) => value is SlipFile

/** Whether a value is a record. */
export const isRecord = (value: unknown): value is SlipRecord => value instanceof Map

/** A file whose content is at hand. */
export const file = (name: string, content: Uint8Array): SlipFile => ({
  _tag: "File",
  name,
  sizeBytes: content.length,
  content
})

/**
 * The name of a value's type as error texts have it.
 *
 * @see PROTOCOL.md § 6
 */
export const typeName = (value: unknown): string => {
  if (Array.isArray(value)) return "Array"
  if (value instanceof Date) return "Date"
  switch (typeof value) {
    case "string":
      return "String"
    case "number":
      return "Number"
    case "boolean":
      return "Boolean"
    default:
      return "Object"
  }
}
