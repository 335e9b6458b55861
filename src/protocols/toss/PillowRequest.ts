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

const Content = Schema.declare((value: unknown): value is SlipFile => isFile(value), { expected: "a Buffer" })

const Attachment = Schema.Struct({ file: Content, name: Schema.String.check(Schema.isNonEmpty()) })

const LogInData = Schema.Struct({ username: Schema.String.check(Schema.isNonEmpty()) })

const MessageData = Schema.Struct({
  message: Schema.optionalKey(Schema.String),
  attachment: Schema.optionalKey(Attachment)
})

const ChunksData = Schema.Struct({
  chunks: Schema.Number.check(
    Schema.isInt(),
    Schema.isGreaterThanOrEqualTo(1),
    Schema.isLessThanOrEqualTo(sizeLimitBytes)
  )
})

const options = { errors: "all", onExcessProperty: "error", reportInput: true } as const
const decodeLogIn = Schema.decodeUnknownResult(LogInData, options)
const decodeMessage = Schema.decodeUnknownResult(MessageData, options)
const decodeChunks = Schema.decodeUnknownResult(ChunksData, options)

/** What a client may ask for; `file` of an attachment is where its content is, `name` what to call it. */
export type Request =
  | { readonly _tag: "LogIn"; readonly username: string }
  | { readonly _tag: "SendMessage"; readonly message?: string; readonly attachment?: typeof Attachment.Type }
  | { readonly _tag: "Chunks"; readonly chunks: number }

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
    case "Declaration":
      return "a Buffer"
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
  checkHook: (issue) => (typeof inputOf(issue) === "number" ? "must be a positive Integer" : required)
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

const logIn = (data: SlipRecord, oversized: ReadonlyArray<Path>): Data => {
  if (oversized.length > 0) return refuse("data", ...texts(oversized.map(largeFault)))
  const username = data.get("username")
  const isEmpty = !isAbsent(username) && isFalsy(username)
  const decoded = decodeLogIn({ ...plain(data, ["username"]), ...(isEmpty && { username: "-" }) })
  if (Result.isFailure(decoded)) return refuse("data", ...texts(faultsOf(decoded.failure)))
  return isEmpty
    ? refuse("username", "Username can't be empty")
    : Result.succeed({ _tag: "LogIn", username: decoded.success.username })
}

const sendMessage = (data: SlipRecord, oversized: ReadonlyArray<Path>): Data => {
  const message = data.get("message")
  // Most messages are a text alone, of which nothing can be wrong.
  const isAlone = data.size === (data.has("username") ? 2 : 1)
  if (isAlone && typeof message === "string" && message !== "" && oversized.length === 0) {
    return Result.succeed({ _tag: "SendMessage", message })
  }
  const large = oversized.map(largeFault)
  if (isFalsy(message) && isFalsy(data.get("attachment")) && large.length === 0) {
    return refuse("data", "Either a message or an attachment must be present")
  }
  const fields = plain(data, ["message", "attachment"])
  const attachment = data.get("attachment")
  if (isFile(attachment) || isRecord(attachment)) fields["attachment"] = plain(fieldsOf(attachment), ["file", "name"])
  // Whatever stands there: it is the connection that says who speaks.
  delete fields["username"]
  const decoded = decodeMessage(fields)
  const faults = Result.isFailure(decoded) ? faultsOf(decoded.failure) : []
  if (large.length > 0 || Result.isFailure(decoded)) return refuse("data", ...texts([...faults, ...large]))
  return Result.succeed({ _tag: "SendMessage", ...decoded.success })
}

const chunks = (data: SlipRecord): Data => {
  const count = data.get("chunks")
  // Most are right.
  if (
    data.size === 1 &&
    typeof count === "number" &&
    Number.isInteger(count) &&
    count >= 1 &&
    count <= sizeLimitBytes
  ) {
    return Result.succeed({ _tag: "Chunks", chunks: count })
  }
  const fields = plain(data, ["chunks"])
  if (fields["chunks"] === "" || fields["chunks"] === false) fields["chunks"] = 0
  const decoded = decodeChunks(fields)
  return Result.isSuccess(decoded)
    ? Result.succeed({ _tag: "Chunks", chunks: decoded.success.chunks })
    : refuse("data", ...texts(faultsOf(decoded.failure)))
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
