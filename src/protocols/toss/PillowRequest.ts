/**
 * What clients of Toss-a-Message ask for.
 *
 * - A record is decoded here, once, by its Schema; what does not fit is a {@link Refusal} with the errors that its
 *   sender is to get, never an exception.
 * - `null` is the same as absent. A file is the same as a record of its content and its name.
 * - What a refusal gives back of the sender's own text is short.
 */
import { Result, Schema, SchemaIssue } from "effect"
import { sizeLimitBytes } from "./SlipText.ts"
import { isFile, isRecord, typeName, type SlipFile, type SlipRecord, type SlipValue } from "./SlipValue.ts"

const aBuffer = "a Buffer"

// A declaration would be simpler, but what has one in it is not compiled.
const Content = Schema.ObjectKeyword.pipe(Schema.refine(isFile, { expected: aBuffer }))

const Attachment = Schema.Struct({ file: Content, name: Schema.String.check(Schema.isNonEmpty()) })

const logInFields = { username: Schema.String.check(Schema.isNonEmpty()) }

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

const required = "This field is required"
const unsupported = "This field is not supported"
const echoLimit = 64

interface Fault {
  readonly path: Path
  readonly text: string
}

/** The article and name of a type that a Schema expects. */
const expected = (issue: SchemaIssue.InvalidType): string => {
  switch (issue.ast._tag) {
    case "String":
      return "a String"
    case "Number":
      return "a Number"
    case "ObjectKeyword":
      return aBuffer
    default:
      return "an Object"
  }
}

const inputOf = (issue: SchemaIssue.Issue): unknown => (SchemaIssue.hasInput(issue) ? issue.input : undefined)

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    if (issue._tag === "UnexpectedKey") return unsupported
    return issue._tag === "InvalidType" ? `Expected ${expected(issue)}, got ${typeName(inputOf(issue))}` : required
  },
  checkHook: (issue) => {
    const input = inputOf(issue)
    if (issue.filter.annotations?.expected === aBuffer) return `Expected ${aBuffer}, got ${typeName(input)}`
    return typeof input === "number" ? "must be a positive Integer" : required
  }
})

const faultsOf = (error: Schema.SchemaError): ReadonlyArray<Fault> =>
  format(error.issue).issues.map(({ message, path }) => ({
    path: (path ?? []).map((key) => String(typeof key === "object" ? key.key : key)),
    text: message
  }))

const byPath = (one: Fault, other: Fault): number => {
  const [left, right] = [one.path.join("."), other.path.join(".")]
  return left < right ? -1 : left > right ? 1 : 0
}

/** One text per path: fields of `data` itself that are not supported, then the others. */
const texts = (faults: ReadonlyArray<Fault>): ReadonlyArray<string> => {
  const isForeign = ({ path, text }: Fault) => path.length === 1 && text === unsupported
  const sorted = [...faults].sort(byPath)
  const ordered = [...sorted.filter(isForeign), ...sorted.filter((fault) => !isForeign(fault))]
  return [...new Set(ordered.map(({ path, text }) => `${path.map(clip).join(".")}: ${text}`))]
}

const clip = (text: string): string => (text.length > echoLimit ? `${text.slice(0, echoLimit)}…` : text)

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
  isFile(value)
    ? new Map<string, SlipValue>([
        ["file", value],
        ["name", value.name]
      ])
    : value

type Data = Result.Result<Request, Errors>

const refuse = (name: string, ...texts: ReadonlyArray<string>): Data => Result.fail({ [name]: texts })

const largeFault = (path: Path): Fault => ({ path, text: "This field is too large" })

const logInKeys = Object.keys(logInFields)

const logIn = (data: SlipRecord, oversized: ReadonlyArray<Path>): Data => {
  if (oversized.length > 0) return refuse("data", ...texts(oversized.map(largeFault)))
  const request = exact(data, logInKeys, "LogIn")
  const decoded = request === undefined ? undefined : decodeLogIn(request)
  if (decoded !== undefined && Result.isSuccess(decoded)) return Result.succeed(decoded.success)
  const username = data.get("username")
  const isEmpty = !isAbsent(username) && isFalsy(username)
  const explained = explainLogIn({ ...plain(data, logInKeys), ...(isEmpty && { username: "-" }) })
  return Result.isFailure(explained)
    ? refuse("data", ...texts(faultsOf(explained.failure)))
    : refuse("username", "Username can't be empty")
}

const messageKeys = Object.keys(messageFields)
const attachmentKeys = Object.keys(Attachment.fields)

const isRecordLike = (value: SlipValue | undefined): value is SlipFile | SlipRecord => isFile(value) || isRecord(value)

/** The request to say a message, if it has no other fields. */
const messageRequest = (data: SlipRecord): unknown => {
  const request = exact(data, messageKeys, "SendMessage")
  const attachment = data.get("attachment")
  if (request === undefined || !isRecordLike(attachment)) return request
  request["attachment"] = exact(fieldsOf(attachment), attachmentKeys)
  return request
}

/** A message without the name of who says it. Whatever that is: the connection says who speaks. */
const withoutUsername = (data: SlipRecord): SlipRecord =>
  data.has("username") ? new Map([...data].filter(([key]) => key !== "username")) : data

const sendMessage = (named: SlipRecord, oversized: ReadonlyArray<Path>): Data => {
  const data = withoutUsername(named)
  const attachment = data.get("attachment")
  const isEmpty = isFalsy(data.get("message")) && isFalsy(attachment)
  if (isEmpty && oversized.length === 0) return refuse("data", "Either a message or an attachment must be present")
  const decoded = oversized.length === 0 ? decodeMessage(messageRequest(data)) : undefined
  if (decoded !== undefined && Result.isSuccess(decoded)) return Result.succeed(decoded.success)
  const all = plain(data, messageKeys)
  if (isRecordLike(attachment)) all["attachment"] = plain(fieldsOf(attachment), attachmentKeys)
  const explained = explainMessage(all)
  const faults = Result.isFailure(explained) ? faultsOf(explained.failure) : []
  return refuse("data", ...texts([...faults, ...oversized.map(largeFault)]))
}

const chunksKeys = Object.keys(chunksFields)

const chunks = (data: SlipRecord): Data => {
  const request = exact(data, chunksKeys, "Chunks")
  const decoded = request === undefined ? undefined : decodeChunks(request)
  if (decoded !== undefined && Result.isSuccess(decoded)) return Result.succeed(decoded.success)
  const all = plain(data, chunksKeys)
  if (all["chunks"] === "" || all["chunks"] === false) all["chunks"] = 0
  const explained = explainChunks(all)
  return refuse("data", ...texts(Result.isFailure(explained) ? faultsOf(explained.failure) : []))
}

const withData = (record: SlipRecord, read: (data: SlipRecord) => Data): Data => {
  const data = record.get("data")
  if (isAbsent(data)) return refuse("data", required)
  if (!isFile(data) && !isRecord(data)) return refuse("data", `Expected an Object, got ${typeName(data)}`)
  return read(fieldsOf(data))
}

const withAction = (record: SlipRecord, oversized: ReadonlyArray<Path>): Data => {
  const action = record.get("action")
  if (isAbsent(action)) return refuse("action", required)
  if (typeof action !== "string") return refuse("action", `Expected a String, got ${typeName(action)}`)
  switch (action) {
    case "log-in":
      return withData(record, (data) => logIn(data, oversized))
    case "send-message":
      return withData(record, (data) => sendMessage(data, oversized))
    case "chunks":
      return withData(record, chunks)
    default:
      return refuse("action", `Unsupported value ${clip(action)}, expected one of log-in, send-message, chunks`)
  }
}

/** The action as a refusal says it back: never empty, long, or part of a path. */
const echo = (action: SlipValue | undefined): Pick<Refusal, "action"> => {
  if (typeof action === "string") {
    return action === "" || action.length > echoLimit || /[./\\]/.test(action) ? {} : { action }
  }
  return typeof action === "number" || typeof action === "boolean" || action instanceof Date ? { action } : {}
}

/**
 * The request in a record, some of whose contents were dropped because they were too large.
 *
 * @see PROTOCOL.md §§ 5, 6
 */
export const read = (record: SlipRecord, oversized: ReadonlyArray<Path> = []): Result.Result<Request, Refusal> => {
  const inData = oversized.filter(([key, ...rest]) => key === "data" && rest.length > 0).map((path) => path.slice(1))
  const request = withAction(record, inData)
  const isExact = record.size === 2 && record.has("action") && record.has("data")
  if (isExact && Result.isSuccess(request)) return Result.succeed(request.success)
  const foreign = [...record.keys()].filter((key) => key !== "action" && key !== "data").sort()
  const payload = foreign.map((key) => `${clip(key)}: ${unsupported}`)
  return Result.fail({
    _tag: "Refused",
    ...echo(record.get("action")),
    errors: {
      ...(Result.isFailure(request) && request.failure),
      ...(payload.length > 0 && { payload })
    },
    isAnnouncement: record.get("action") === "chunks"
  })
}
