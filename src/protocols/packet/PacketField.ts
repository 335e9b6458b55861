/**
 * The kinds of fields that packets have: for each a Schema, and how it is on the wire.
 *
 * @see PROTOCOL.md § 1
 */
import { Effect, type Result, Schema, SchemaIssue, SchemaTransformation } from "effect"
import * as ByteReader from "../ByteReader.ts"
import * as ByteWriter from "../ByteWriter.ts"
import * as Utf8 from "../Utf8.ts"

/** The most numbers that one packet lists. */
export const numbersLimit = 65_535

/** A number of 2 bytes. */
export const U16 = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffff }))

/** A number of 4 bytes. */
export const U32 = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0xffff_ffff }))

/** A number of 8 bytes, never a `number`. */
export const U64 = Schema.BigInt.check(Schema.isBetweenBigInt({ minimum: 0n, maximum: 2n ** 64n - 1n }))

/** A number of 8 bytes by which its holder is known: nobody else may see it. */
export const Secret = U64.annotate({ description: "a secret number of 8 bytes" })

const encoder = new TextEncoder()

const isText = (text: string): boolean =>
  text.isWellFormed() &&
  (text.length * 3 <= ByteWriter.blobLimitBytes || encoder.encode(text).length <= ByteWriter.blobLimitBytes)

/** A text of up to 65,535 bytes of UTF-8, which may be empty; a byte order mark is part of it. */
export const Text = Schema.Uint8Array.pipe(
  Schema.decodeTo(
    Schema.String.check(Schema.makeFilter(isText, { expected: "a text of at most 65535 bytes" })),
    SchemaTransformation.transformEffect({
      decode: (bytes: Uint8Array, options) => {
        const text = Utf8.decode(bytes)
        return text === undefined
          ? Effect.fail(new SchemaIssue.InvalidValue({ message: "a name is not UTF-8" }, bytes, options))
          : Effect.succeed(text)
      },
      encode: (text: string) => Effect.succeed(encoder.encode(text))
    })
  )
)

/** Up to 65,535 bytes of anything. */
export const Blob = Schema.Uint8Array.check(
  Schema.makeFilter((bytes: Uint8Array) => bytes.length <= ByteWriter.blobLimitBytes, {
    expected: "at most 65535 bytes"
  })
)

/** Up to 65,535 numbers of 8 bytes each. */
export const Numbers = Schema.Array(U64).check(Schema.isMaxLength(numbersLimit))

/** How a field is read and written. */
export interface Field {
  /** The bytes that it always has: its own, or those of its length. */
  readonly fixedBytes: number
  /** How many bytes each one more in its length stands for, 0 if it has no length. */
  readonly unitBytes: number
  /** Whether only its sender and the server may see it. */
  readonly isSecret: boolean
  /** Reads what the Schema is to decode. */
  readonly read: (reader: ByteReader.ByteReader) => unknown
  /** Whether whatever is read is a value of the Schema, so that there is nothing to decode. */
  readonly isTotal: boolean
  readonly decode: (encoded: unknown) => Result.Result<unknown, Schema.SchemaError>
  /** Writes a value of the field's Schema. */
  readonly write: (writer: ByteWriter.ByteWriter, value: never) => void
  /** How many bytes a value may take besides `fixedBytes`, so that there is room for them. */
  readonly moreBytes: (value: never) => number
}

const readNumbers = (reader: ByteReader.ByteReader): ReadonlyArray<bigint> => {
  const numbers: Array<bigint> = []
  for (let left = ByteReader.u16(reader); left > 0 && !reader.isPastEnd; left--) {
    numbers.push(ByteReader.u64(reader))
  }
  return numbers
}

/** Writes a list; of too many numbers the last. */
const writeNumbers = (writer: ByteWriter.ByteWriter, numbers: ReadonlyArray<bigint>): void => {
  const fitting = numbers.slice(-numbersLimit)
  ByteWriter.u16(writer, fitting.length)
  for (const number of fitting) ByteWriter.u64(writer, number)
}

const none = (): number => 0
const sizeOf = (bytes: Uint8Array): number => Math.min(bytes.length, ByteWriter.blobLimitBytes)
const sizeOfNumbers = (numbers: ReadonlyArray<bigint>): number => 8 * Math.min(numbers.length, numbersLimit)

const field = (
  schema: Schema.ConstraintDecoder<unknown>,
  kind: Omit<Field, "decode" | "isSecret">
): readonly [Schema.Constraint, Field] => [
  schema,
  { ...kind, isSecret: schema === Secret, decode: Schema.decodeUnknownResult(schema) }
]

const number = { isTotal: true, unitBytes: 0, moreBytes: none }

/** How the values of a Schema of this module are on the wire. */
export const fields: ReadonlyMap<Schema.Constraint, Field> = new Map([
  field(U16, { ...number, fixedBytes: 2, read: ByteReader.u16, write: ByteWriter.u16 }),
  field(U32, { ...number, fixedBytes: 4, read: ByteReader.u32, write: ByteWriter.u32 }),
  field(U64, { ...number, fixedBytes: 8, read: ByteReader.u64, write: ByteWriter.u64 }),
  field(Secret, { ...number, fixedBytes: 8, read: ByteReader.u64, write: ByteWriter.u64 }),
  field(Text, {
    isTotal: false,
    fixedBytes: 2,
    unitBytes: 1,
    read: ByteReader.blobView,
    write: ByteWriter.text,
    moreBytes: none
  }),
  field(Blob, {
    isTotal: true,
    fixedBytes: 2,
    unitBytes: 1,
    read: ByteReader.blob,
    write: ByteWriter.blob,
    moreBytes: sizeOf
  }),
  field(Numbers, {
    isTotal: true,
    fixedBytes: 2,
    unitBytes: 8,
    read: readNumbers,
    write: writeNumbers,
    moreBytes: sizeOfNumbers
  })
])
