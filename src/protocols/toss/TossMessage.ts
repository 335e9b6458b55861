/** What Toss-a-Message says in both directions, as Schemas for those who speak the protocol themselves. */
import { Redacted, Result, Schema } from "effect"
import { Credential } from "../../domain/Credential.ts"
import { file, isFile, isRecord, type SlipFile, type SlipRecord, type SlipValue } from "./SlipValue.ts"

const { Literal, Literals, String, Struct, optionalKey } = Schema
const NonEmpty = String.check(Schema.isNonEmpty())
const Time = Schema.Union([Schema.Date, Schema.DateFromString])

/** A file that goes with a message. */
export const Attachment = Struct({ name: NonEmpty, content: Schema.Uint8Array })
export type Attachment = typeof Attachment.Type

/** What a client asks for (PROTOCOL.md § 5). */
export const Request = Schema.TaggedUnion({
  LogIn: { username: NonEmpty, password: optionalKey(Credential) },
  SendMessage: { message: optionalKey(String), attachment: optionalKey(Attachment) }
})
export type Request = typeof Request.Type

/** What a server says (PROTOCOL.md § 6): an event, the acknowledgement of an announcement, its end, or why it refuses. */
export const Response = Schema.Union([
  Struct({ action: Literals(["chunks", "close-server"]), status: Literal(101) }),
  Struct({
    action: Literal("log-in"),
    status: Literal(100),
    data: Struct({ username: optionalKey(String), time: Time })
  }),
  Struct({
    action: Literal("send-message"),
    status: Literal(100),
    data: Struct({
      message: optionalKey(String),
      username: String,
      attachment: optionalKey(Attachment),
      time: Time
    })
  }),
  Struct({ action: Literal("log-out"), status: Literal(100), data: Struct({ username: String, time: Time }) }),
  Struct({
    status: Literals([200, 201, 202]),
    data: Struct({ errors: Schema.Record(NonEmpty, Schema.Array(String)) }),
    action: optionalKey(Schema.Union([String, Schema.Finite, Schema.Boolean, Schema.Date]))
  })
])
export type Response = typeof Response.Type

const toValue = (value: unknown): SlipValue => {
  if (Redacted.isRedacted(value)) return toValue(Redacted.value(value))
  if (Array.isArray(value)) return value.map(toValue)
  if (typeof value !== "object" || value === null || value instanceof Date) return value as SlipValue
  return toRecord(value as Readonly<Record<string, unknown>>)
}

/** The record of these fields; an attachment is a file in it. */
export const toRecord = (fields: Readonly<Record<string, unknown>>): SlipRecord =>
  new Map(
    Object.entries(fields).flatMap(([key, value]) => {
      if (value === undefined) return []
      const isAttachment = key === "attachment" && typeof value === "object"
      const { content, name } = (isAttachment ? value : {}) as Partial<Attachment>
      const isWhole = name !== undefined && content !== undefined
      return [[key, isWhole ? file(name, content) : toValue(value)] as const]
    })
  )

const attachment = ({ content, name }: SlipFile): unknown => ({ name, content })

const toPlain = (value: SlipValue, key: string): unknown => {
  if (isFile(value)) return attachment(value)
  if (Array.isArray(value)) return value.map((item: SlipValue) => toPlain(item, ""))
  if (!isRecord(value)) return value
  // In JSON a file stands beside its name.
  const content = key === "attachment" ? value.get("file") : undefined
  if (content !== undefined && isFile(content)) return attachment(content)
  return toFields(value)
}

/** The fields of a record, as a Schema takes them: what is `null` is not there. */
export const toFields = (record: SlipRecord): Readonly<Record<string, unknown>> =>
  Object.fromEntries([...record].flatMap(([key, value]) => (value === null ? [] : [[key, toPlain(value, key)]])))

const decode = Schema.decodeUnknownResult(Response)

/** The response that a record is. */
export const readResponse = (record: SlipRecord): Result.Result<Response, Schema.SchemaError> =>
  decode(toFields(record))
