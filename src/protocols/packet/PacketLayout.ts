/**
 * Which fields a packet has, and how long it is.
 *
 * - Requests and responses are two languages: the same number never means something in both.
 * - A layout is read off a Schema, so the two cannot disagree. Only the last field of a packet may have a length.
 * - Numbers with two meanings are told apart by the bytes that are there, without any state.
 */
import type { Schema } from "effect"
import { fields as fieldOf, type Field } from "./PacketField.ts"
import { Request, requestTypes } from "./PacketRequest.ts"
import { Response, responseTypes } from "./PacketResponse.ts"

/** One kind of packet. */
export interface Layout {
  readonly tag: string
  /** Its number on the wire. */
  readonly type: number
  readonly fields: ReadonlyArray<readonly [name: string, field: Field]>
  /** Whether whatever its fields are read as is such a packet. */
  readonly isTotal: boolean
  /** The bytes that every such packet has: its number, its fields and the length of the last one, if that has one. */
  readonly headBytes: number
  /** How many bytes each one more in that length stands for, 0 if there is no length. */
  readonly unitBytes: number
}

/** The packets that go one way. */
export interface Language<Packet> {
  readonly byTag: ReadonlyMap<string, Layout>
  /** Those of a number: one, or that of a download and that of an upload. */
  readonly byType: ReadonlyMap<number, ReadonlyArray<Layout>>
  /** The packet of these fields, each of them a value of its Schema. */
  readonly of: (fields: Readonly<Record<string, unknown>>) => Packet
}

const layoutFor = (tag: string, type: number, schemas: Readonly<Record<string, Schema.Constraint>>): Layout => {
  const fields = Object.entries(schemas).flatMap(([name, schema]) => {
    const field = fieldOf.get(schema)
    return field === undefined ? [] : [[name, field] as const]
  })
  return {
    tag,
    type,
    fields,
    isTotal: fields.every(([, { isTotal }]) => isTotal),
    headBytes: fields.reduce((sumBytes, [, field]) => sumBytes + field.fixedBytes, 2),
    unitBytes: fields.at(-1)?.[1].unitBytes ?? 0
  }
}

type Cases = Readonly<Record<string, { readonly fields: Readonly<Record<string, Schema.Constraint>> }>>

const language = <Packet>(cases: Cases, types: Readonly<Record<string, number>>): Language<Packet> => {
  const layouts = Object.entries(cases).map(([tag, { fields }]) => layoutFor(tag, types[tag] ?? 0, fields))
  return {
    byTag: new Map(layouts.map((layout) => [layout.tag, layout])),
    byType: Map.groupBy(layouts, ({ type }) => type),
    of: (fields) => fields as Packet
  }
}

/** What clients say. */
export const requests = language<Request>(Request.cases, requestTypes)

/** What the server says. */
export const responses = language<Response>(Response.cases, responseTypes)

/** The number of the transfer requests, which the length of a name tells apart; 17 and 18 have a transaction number. */
const transferType = 15

/** The number of the packet that begins at index `from`, which has 2 bytes. */
export const typeAt = (bytes: Uint8Array, from: number): number => (bytes[from]! << 8) | bytes[from + 1]!

/**
 * The kind of the packet that begins at index `from`. As long as the bytes before index `end` cannot tell, it is how many
 * bytes of the packet can; undefined if it is no packet of this language.
 *
 * @see PROTOCOL.md § 6
 */
export const layoutAt = <Packet>(
  language: Language<Packet>,
  bytes: Uint8Array,
  from: number,
  end: number
): Layout | number | undefined => {
  if (end - from < 2) return 2
  const type = typeAt(bytes, from)
  const [first, second] = language.byType.get(type) ?? []
  if (second === undefined) return first
  if (type === transferType) {
    if (end - from < 16) return 16
    return bytes[from + 14] === 0 && bytes[from + 15] === 0 ? first : second
  }
  if (end - from < 10) return 10
  return bytes[from + 9]! % 2 === 0 ? first : second
}

/** How many bytes a packet has that begins at index `from`, of which at least `headBytes` are there. */
export const sizeAt = ({ headBytes, unitBytes }: Layout, bytes: Uint8Array, from: number): number =>
  unitBytes === 0 ? headBytes : headBytes + unitBytes * typeAt(bytes, from + headBytes - 2)
