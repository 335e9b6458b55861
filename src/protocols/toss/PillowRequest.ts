/**
 * What clients of Toss-a-Message ask for.
 *
 * - A record is decoded here, once, by its Schema; what does not fit is a {@link Refusal} with the errors that its
 *   sender is to get, never an exception.
 * - `null` is the same as absent. A file is the same as a record of its content and its name.
 * - What a refusal gives back of the sender's own text is short.
 */
import { Result, Schema } from "effect"
import { Credential } from "../../domain/Credential.ts"
import * as PillowFaults from "./PillowFaults.ts"
import { sizeLimitBytes } from "./SlipText.ts"
import { isFile, isRecord, typeName, type SlipFile, type SlipRecord, type SlipValue } from "./SlipValue.ts"

// A declaration would be simpler, but what has one in it is not compiled.
const Content = Schema.ObjectKeyword.pipe(Schema.refine(isFile, { expected: PillowFaults.aBuffer }))

const Attachment = Schema.Struct({ file: Content, name: Schema.String.check(Schema.isNonEmpty()) })

const logInFields = { username: Schema.String.check(Schema.isNonEmpty()), password: Schema.optionalKey(Credential) }

const messageFields = { message: Schema.optionalKey(Schema.String), attachment: Schema.optionalKey(Attachment) }

const chunksFields = {
  chunks: Schema.Number.check(
    Schema.isInt(),
    Schema.isGreaterThanOrEqualTo(1),
    Schema.isLessThanOrEqualTo(sizeLimitBytes)
  )
}

const LogIn = Schema.TaggedStruct("LogIn", logInFields)
const SendMessage = Schema.TaggedStruct("SendMessage", messageFields)
const Chunks = Schema.TaggedStruct("Chunks", chunksFields)

/** What a client may ask for; `file` of an attachment is where its content is, `name` what to call it. */
export const Request = Schema.Union([LogIn, SendMessage, Chunks])

/** What a client may ask for; `file` of an attachment is where its content is, `name` what to call it. */
export type Request = typeof Request.Type

const decodeLogIn = Schema.decodeUnknownResult(LogIn)
const decodeMessage = Schema.decodeUnknownResult(SendMessage)
const decodeChunks = Schema.decodeUnknownResult(Chunks)

// To find all that is wrong takes several times as long. So it is looked for only where something is.
const options = { errors: "all", onExcessProperty: "error", reportInput: true } as const
const explainLogIn = Schema.decodeUnknownResult(Schema.Struct(logInFields), options)
const explainMessage = Schema.decodeUnknownResult(Schema.Struct(messageFields), options)
const explainChunks = Schema.decodeUnknownResult(Schema.Struct(chunksFields), options)

/** Texts by the name of what they are about. */
export type Errors = Readonly<Record<string, ReadonlyArray<string>>>

/** Why a request is not one, as status 200 says it. */
export interface Refusal {
  readonly _tag: "Refused"
  /** What the sender called it, if that may be said back. */
  readonly action?: string | number | boolean | Date
  readonly errors: Errors
  /** Whether it wanted to be an announcement, which is acknowledged in any case. */
  readonly isAnnouncement: boolean
}

/** A path of keys from the record on. */
export type Path = ReadonlyArray<string>

/** Whether a file at this path is what a message has attached. */
export const isAttachment = ([data, attachment, file, ...rest]: Path): boolean =>
  data === "data" && attachment === "attachment" && (file === undefined || file === "file") && rest.length === 0

/** A record as a Schema takes it: without prototype, and without the supported keys that hold nothing. */
const plain = (record: SlipRecord, keys: ReadonlyArray<string>): Record<string, unknown> => {
  const object: Record<string, unknown> = Object.create(null)
  for (const [key, value] of record) if (value !== null || !keys.includes(key)) object[key] = value
  return object
}

/** The supported fields of a record with a tag, as a Schema takes them; undefined if there are other fields. */
const exact = (
  record: SlipRecord,
  keys: ReadonlyArray<string>,
  _tag?: Request["_tag"]
): Record<string, unknown> | undefined => {
  const object: Record<string, unknown> = _tag === undefined ? {} : { _tag }
  let count = 0
  for (const key of keys) {
    const value = record.get(key)
    if (value === undefined) continue
    count++
    if (value !== null) object[key] = value
  }
  return count === record.size ? object : undefined
}

const isAbsent = (value: SlipValue | undefined): value is null | undefined => value === null || value === undefined

/** Whether the original would take a value for missing. */
const isFalsy = (value: SlipValue | undefined): boolean => !value

/** What stands in `data`, with a file as a record. */
const fieldsOf = (value: SlipFile | SlipRecord): SlipRecord =>
  isRecord(value)
    ? value
    : new Map<string, SlipValue>([
        ["file", value],
        ["name", value.name]
      ])

type Data = Result.Result<Request, Errors>

/** What is wrong in `data`. */
const inData = (
  explained?: Result.Result<unknown, Schema.SchemaError>,
  oversized: ReadonlyArray<Path> = []
): Errors => ({
  data: PillowFaults.texts(explained, oversized)
})

const logInKeys = Object.keys(logInFields)

const logInErrors = (data: SlipRecord): Errors => {
  const username = data.get("username")
  const isEmpty = !isAbsent(username) && isFalsy(username)
  const explained = explainLogIn({ ...plain(data, logInKeys), ...(isEmpty && { username: "-" }) })
  return Result.isFailure(explained) ? inData(explained) : { username: ["Username can't be empty"] }
}

const logIn = (data: SlipRecord, oversized: ReadonlyArray<Path>): Data =>
  oversized.length > 0
    ? Result.fail(inData(undefined, oversized))
    : Result.mapError(decodeLogIn(exact(data, logInKeys, "LogIn")), () => logInErrors(data))

const messageKeys = Object.keys(messageFields)
const attachmentKeys = Object.keys(Attachment.fields)

const isRecordLike = (value: SlipValue | undefined): value is SlipFile | SlipRecord =>
  value !== undefined && (isRecord(value) || isFile(value))

/** The request to say a message, if it has no other fields. */
const messageRequest = (data: SlipRecord): unknown => {
  const request = exact(data, messageKeys, "SendMessage")
  const attachment = data.get("attachment")
  if (request === undefined || !isRecordLike(attachment)) return request
  request["attachment"] = exact(fieldsOf(attachment), attachmentKeys)
  return request
}

const messageErrors = (data: SlipRecord, oversized: ReadonlyArray<Path>): Errors => {
  const attachment = data.get("attachment")
  const all = plain(data, messageKeys)
  if (isRecordLike(attachment)) all["attachment"] = plain(fieldsOf(attachment), attachmentKeys)
  return inData(explainMessage(all), oversized)
}

/** A message without the name of who says it. Whatever that is: the connection says who speaks. */
const withoutUsername = (data: SlipRecord): SlipRecord =>
  data.has("username") ? new Map([...data].filter(([key]) => key !== "username")) : data

const sendMessage = (named: SlipRecord, oversized: ReadonlyArray<Path>): Data => {
  const data = withoutUsername(named)
  if (oversized.length > 0) return Result.fail(messageErrors(data, oversized))
  if (isFalsy(data.get("message")) && isFalsy(data.get("attachment"))) {
    return Result.fail({ data: ["Either a message or an attachment must be present"] })
  }
  return Result.mapError(decodeMessage(messageRequest(data)), () => messageErrors(data, oversized))
}

const chunksKeys = Object.keys(chunksFields)

const chunksErrors = (data: SlipRecord): Errors => {
  const all = plain(data, chunksKeys)
  if (all["chunks"] === "" || all["chunks"] === false) all["chunks"] = 0
  return inData(explainChunks(all))
}

const chunks = (data: SlipRecord): Data =>
  Result.mapError(decodeChunks(exact(data, chunksKeys, "Chunks")), () => chunksErrors(data))

/** What reads the data of a request, by its action. */
const readers: ReadonlyMap<string, (data: SlipRecord, oversized: ReadonlyArray<Path>) => Data> = new Map([
  ["log-in", logIn],
  ["send-message", sendMessage],
  ["chunks", chunks]
])

/** What a record has of a request. */
export interface Parts {
  readonly action: SlipValue | undefined
  readonly data: SlipValue | undefined
  /** The keys of other fields, if there are any. */
  readonly others: ReadonlySet<string> | undefined
}

const readExact = ({ action, data }: Parts, oversized: ReadonlyArray<Path>): Data => {
  if (isAbsent(action)) return Result.fail({ action: [PillowFaults.required] })
  if (typeof action !== "string") return Result.fail({ action: [`Expected a String, got ${typeName(action)}`] })
  const read = readers.get(action)
  if (read === undefined) {
    const known = [...readers.keys()].join(", ")
    return Result.fail({ action: [`Unsupported value ${PillowFaults.clip(action)}, expected one of ${known}`] })
  }
  if (isRecord(data)) return read(data, oversized)
  if (isAbsent(data)) return Result.fail({ data: [PillowFaults.required] })
  if (isFile(data)) return read(fieldsOf(data), oversized)
  return Result.fail({ data: [`Expected an Object, got ${typeName(data)}`] })
}

/** The action as a refusal says it back: never empty, long, or part of a path. */
const echo = (action: SlipValue | undefined): Pick<Refusal, "action"> => {
  if (typeof action === "string") {
    return action === "" || action.length > PillowFaults.echoLimit || /[./\\]/.test(action) ? {} : { action }
  }
  return typeof action === "number" || typeof action === "boolean" || action instanceof Date ? { action } : {}
}

const refusal = ({ action, others = new Set() }: Parts, errors: Errors): Refusal => {
  const payload = [...others].sort().map((key) => `${PillowFaults.clip(key)}: ${PillowFaults.unsupported}`)
  return {
    _tag: "Refused",
    ...echo(action),
    errors: payload.length > 0 ? { ...errors, payload } : errors,
    isAnnouncement: action === "chunks"
  }
}

const isInData = ([key, ...rest]: Path): boolean => key === "data" && rest.length > 0

/**
 * The request in the parts of a record, some of whose contents were dropped because they were too large.
 *
 * @see PROTOCOL.md §§ 5, 6
 */
export const readParts = (parts: Parts, oversized: ReadonlyArray<Path>): Result.Result<Request, Refusal> => {
  const inside = oversized.length === 0 ? oversized : oversized.filter(isInData).map((path) => path.slice(1))
  const request = readExact(parts, inside)
  if (parts.others === undefined) return Result.mapError(request, (errors) => refusal(parts, errors))
  return Result.fail(refusal(parts, Result.isFailure(request) ? request.failure : {}))
}

/** The same of a record. */
export const read = (record: SlipRecord, oversized: ReadonlyArray<Path> = []): Result.Result<Request, Refusal> => {
  const others = [...record.keys()].filter((key) => key !== "action" && key !== "data")
  const parts = { action: record.get("action"), data: record.get("data") }
  return readParts({ ...parts, others: others.length > 0 ? new Set(others) : undefined }, oversized)
}
