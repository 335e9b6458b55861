/**
 * What is wrong with a request, in the words of the original.
 *
 * - One text per path. What it gives back of the sender's own text is short.
 */
import { Result, type Schema, SchemaIssue } from "effect"
import { limitCredentialUnits } from "../../domain/Credential.ts"
import { typeName } from "./SlipValue.ts"

/** A path of keys. */
type Path = ReadonlyArray<string>

interface Fault {
  readonly path: Path
  readonly text: string
}

/** A field must be there that is not. */
export const required = "This field is required"
/** A field is there that nobody knows. */
export const unsupported = "This field is not supported"
/** What a file is called, which is told from other objects by a check that expects this. */
export const aBuffer = "a Buffer"
/** How many characters of a text are said back. */
export const echoLimit = 64

/** The beginning of a text, by which it is said back. */
export const clip = (text: string): string => (text.length > echoLimit ? `${text.slice(0, echoLimit)}…` : text)

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
    if (typeof input === "string" && input !== "") return `must have at most ${limitCredentialUnits} characters`
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

/**
 * What a Schema has found and what was dropped because it was too large: fields that are not supported right there, then the
 * others.
 */
export const texts = (
  explained: Result.Result<unknown, Schema.SchemaError> | undefined,
  oversized: ReadonlyArray<Path>
): ReadonlyArray<string> => {
  const found = explained !== undefined && Result.isFailure(explained) ? faultsOf(explained.failure) : []
  const faults = [...found, ...oversized.map((path): Fault => ({ path, text: "This field is too large" }))]
  const isForeign = ({ path, text }: Fault) => path.length === 1 && text === unsupported
  const sorted = faults.sort(byPath)
  const ordered = [...sorted.filter(isForeign), ...sorted.filter((fault) => !isForeign(fault))]
  return [...new Set(ordered.map(({ path, text }) => `${path.map(clip).join(".")}: ${text}`))]
}
