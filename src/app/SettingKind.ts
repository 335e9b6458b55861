/**
 * What values settings may have, and how they are written.
 *
 * A program gives a value as it is, or as an operator would write it.
 */
import { ByteSize, Duration, LogLevel, Option, Redacted, Result, Schema, String } from "effect"
import { general, lookAlikeKey, RoomName, roomName } from "../domain/Names.ts"

/** What a value is, what to write for it in help, and what was expected when it is wrong. */
export interface Kind<A, I = A> {
  /** Makes the value of what was given. */
  decode(given: I | string): Result.Result<A, unknown>
  readonly metavar: string
  readonly expected: string
  /** Whether a wrong value is not to be shown. */
  readonly isSecret?: boolean
}

type About = Omit<Kind<never>, "decode">

/** `read` makes of what is given what the schema takes; of what is wrong, what it refuses. */
const kind = <A, I = A>(schema: Schema.Schema<A>, read: (given: I | string) => unknown, about: About): Kind<A, I> => {
  const decode = Schema.decodeUnknownResult(Schema.toType(schema))
  return { ...about, decode: (given) => decode(read(typeof given === "string" ? given.trim() : given)) }
}

/** The same for what is written in another way than it is. */
const written = <A>(schema: Schema.Schema<A>, read: (text: string) => unknown, about: About): Kind<A> =>
  kind<A>(schema, (given) => (typeof given === "string" ? read(given) : given), about)

const asItIs = (given: unknown): unknown => given

const digits = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : NaN)
const parts = (given: string | ReadonlyArray<string>): ReadonlyArray<string> =>
  typeof given !== "string"
    ? given
    : given
        .split(",")
        .map((part) => part.trim())
        .filter(String.isNonEmpty)

/** An address to listen on. */
export const host: Kind<string> = kind(Schema.String.check(Schema.isPattern(/^[\w.:%-]+$/)), asItIs, {
  metavar: "address",
  expected: "an IP address or a host name"
})

/** A port, or none: `undefined` or `off`. */
export const port: Kind<number | undefined> = written(
  Schema.UndefinedOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65535 }))),
  (text) => (text.toLowerCase() === "off" ? undefined : digits(text)),
  { metavar: "port|off", expected: `a port from 0 to 65535 or "off"` }
)

/** On or off. */
export const onOff: Kind<boolean> = written(
  Schema.Boolean,
  (text) => (text.toLowerCase() === "on" ? true : text.toLowerCase() === "off" ? false : text),
  { metavar: "on|off", expected: `"on" or "off"` }
)

/** A whole number that is not less than this. */
export const atLeast = (minimum: number): Kind<number> =>
  written(Schema.Int.check(Schema.isGreaterThanOrEqualTo(minimum)), digits, {
    metavar: "number",
    expected: `a whole number of ${minimum} or more`
  })

/** How often something may happen per second. */
export const rate: Kind<number> = written(
  Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)),
  (text) => (/^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN),
  { metavar: "number", expected: "a number of 0 or more" }
)

const longUnits = new Map([
  ["", "seconds"],
  ["ms", "millis"],
  ["s", "seconds"],
  ["m", "minutes"],
  ["min", "minutes"],
  ["h", "hours"]
])

const inLongUnits = (text: string): string => {
  const [, amount = "", unit = ""] = /^(\d{1,12}(?:\.\d+)?)\s*([a-z]*)$/.exec(text.toLowerCase()) ?? []
  return `${amount} ${longUnits.get(unit) ?? unit}`
}

/** A time; a text without a unit has seconds. */
export const duration: Kind<Duration.Duration, Duration.Input> = kind(
  Schema.Duration.check(
    Schema.makeFilter(Duration.between({ minimum: Duration.millis(1), maximum: Duration.days(24) }))
  ),
  (given) => {
    const input = typeof given === "string" ? inLongUnits(given) : given
    return Option.getOrUndefined(Duration.fromInput(input as Duration.Input))
  },
  { metavar: "time", expected: `a time such as "15 seconds", "15s" or "15"` }
)

/** A number of bytes. */
export const byteSize: Kind<number> = written(
  Schema.Int.check(Schema.isGreaterThan(0)),
  (text) =>
    /^\d+$/.test(text)
      ? digits(text)
      : ByteSize.fromInput(text as ByteSize.Input).pipe(Option.map(Number), Option.getOrUndefined),
  { metavar: "size", expected: `a size such as "65536" or "64KiB"` }
)

/** The rooms without look-alikes, `general` first. */
export const withGeneral = (names: ReadonlyArray<RoomName>): ReadonlyArray<RoomName> => {
  const byKey = new Map<string, RoomName>()
  for (const name of [general, ...names]) {
    const key = lookAlikeKey(name)
    if (!byKey.has(key)) byKey.set(key, name)
  }
  return [...byKey.values()]
}

/** Names of rooms. */
export const rooms: Kind<ReadonlyArray<RoomName>, ReadonlyArray<string>> = kind<
  ReadonlyArray<RoomName>,
  ReadonlyArray<string>
>(
  Schema.Array(RoomName),
  (given) => withGeneral(parts(given).map((name) => Result.getOrElse(roomName(name), () => name as RoomName))),
  { metavar: "names", expected: "room names of 1 to 64 characters, with commas between them" }
)

const originOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && url.origin !== "null" && url.href === `${url.origin}/` ? url.origin : ""
}

/** Origins of pages. */
export const origins: Kind<ReadonlyArray<string>> = kind<ReadonlyArray<string>>(
  Schema.Array(Schema.NonEmptyString),
  (given) => parts(given).map(originOf),
  { metavar: "origins", expected: `origins such as "https://chat.example.org", with commas between them` }
)

/** An address of pages, which are at its root. */
export const url: Kind<string> = kind<string>(
  Schema.String,
  (text) => {
    if (text === "") return ""
    const origin = originOf(text)
    return /^https?:/.test(origin) ? origin : undefined
  },
  { metavar: "url", expected: `an address without a path, such as "https://chat.example.org"` }
)

/** A folder. */
export const folder: Kind<string> = kind(Schema.NonEmptyString, asItIs, { metavar: "folder", expected: "a folder" })

/** One of some words. */
export const oneOf = <const Words extends ReadonlyArray<string>>(...words: Words): Kind<Words[number]> =>
  kind<Words[number]>(Schema.Literals(words), (text) => text.toLowerCase(), {
    metavar: words.join("|"),
    expected: words.map((word) => `"${word}"`).join(" or ")
  })

/** The address of a PostgreSQL database, or none. It may have a password. */
export const databaseUrl: Kind<Redacted.Redacted | undefined> = kind<Redacted.Redacted | undefined>(
  Schema.UndefinedOr(Schema.Redacted(Schema.String)).check(
    Schema.makeFilter((url) => url === undefined || Redacted.value(url) !== "")
  ),
  (given) => {
    const text = Redacted.isRedacted(given) ? Redacted.value(given) : (given ?? "")
    if (text === "") return undefined
    return Redacted.make(/^postgres(ql)?:\/\/./.test(text) && URL.canParse(text) ? text : "")
  },
  {
    metavar: "url",
    expected: `an address such as "postgres://user:password@host:5432/database"`,
    isSecret: true
  }
)

/** How much is logged. */
export const logLevel: Kind<LogLevel.LogLevel> = kind<LogLevel.LogLevel>(
  Schema.Literals(LogLevel.values),
  (text) => String.capitalize(text.toLowerCase()),
  { metavar: "level", expected: "one of all, trace, debug, info, warn, error, fatal, none" }
)
