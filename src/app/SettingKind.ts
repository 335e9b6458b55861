/** How the values of settings are written. */
import { Duration, LogLevel, Redacted, Result, Schema, SchemaGetter, String } from "effect"
import { general, lookAlikeKey, RoomName, roomName } from "../domain/Names.ts"

/** How a value is written: its schema, what to write for it in help, and what was expected when it is wrong. */
export interface Kind<A> {
  readonly schema: Schema.Codec<A, string>
  readonly metavar: string
  readonly expected: string
  /** Whether a wrong value is not to be shown. */
  readonly isSecret?: boolean
}

/** Reads text by `read`, which makes of wrong text what `to` refuses. */
const fromText = <A, I>(to: Schema.Codec<A, I>, read: (text: string) => I): Schema.Codec<A, string> =>
  Schema.String.pipe(
    Schema.decodeTo(to, {
      decode: SchemaGetter.transform(read),
      encode: SchemaGetter.forbidden(() => "Settings are only read")
    })
  )

const digits = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : NaN)
const parts = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(String.isNonEmpty)

/** An address to listen on. */
export const host: Kind<string> = {
  schema: Schema.String.check(Schema.isPattern(/^[\w.:%-]+$/)),
  metavar: "address",
  expected: "an IP address or a host name"
}

/** A port, or none. */
export const port: Kind<number | undefined> = {
  schema: fromText(Schema.UndefinedOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65535 }))), (text) =>
    text.toLowerCase() === "off" ? undefined : digits(text)
  ),
  metavar: "port|off",
  expected: `a port from 0 to 65535 or "off"`
}

/** On or off. */
export const onOff: Kind<boolean> = {
  schema: fromText(Schema.UndefinedOr(Schema.Boolean), (text) =>
    text.toLowerCase() === "on" ? true : text.toLowerCase() === "off" ? false : undefined
  ).pipe(Schema.decodeTo(Schema.Boolean)),
  metavar: "on|off",
  expected: `"on" or "off"`
}

/** A whole number that is not less than this. */
export const atLeast = (minimum: number): Kind<number> => ({
  schema: fromText(Schema.Int.check(Schema.isGreaterThanOrEqualTo(minimum)), digits),
  metavar: "number",
  expected: `a whole number of ${minimum} or more`
})

/** How often something may happen per second. */
export const rate: Kind<number> = {
  schema: fromText(Schema.Finite, (text) => (/^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN)),
  metavar: "number",
  expected: "a number of 0 or more"
}

const longUnits = new Map([
  ["", "seconds"],
  ["ms", "millis"],
  ["s", "seconds"],
  ["m", "minutes"],
  ["min", "minutes"],
  ["h", "hours"]
])

/** A time. */
export const duration: Kind<Duration.Duration> = {
  schema: fromText(
    Schema.DurationFromString.check(
      Schema.makeFilter(Duration.between({ minimum: Duration.millis(1), maximum: Duration.days(24) }))
    ),
    (text) => {
      const [, amount = "", unit = ""] = /^(\d{1,12}(?:\.\d+)?)\s*([a-z]*)$/.exec(text.toLowerCase()) ?? []
      return `${amount} ${longUnits.get(unit) ?? unit}`
    }
  ),
  metavar: "time",
  expected: `a time such as "15 seconds", "15s" or "15"`
}

/** A number of bytes. */
export const byteSize: Kind<number> = {
  schema: fromText(Schema.ByteSizeFromString, (text) => (/^\d+$/.test(text) ? `${text} B` : text)).pipe(
    Schema.decodeTo(Schema.Int.check(Schema.isGreaterThan(0)), {
      decode: SchemaGetter.transform(Number),
      encode: SchemaGetter.forbidden(() => "Settings are only read")
    })
  ),
  metavar: "size",
  expected: `a size such as "65536" or "64KiB"`
}

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
export const rooms: Kind<ReadonlyArray<RoomName>> = {
  schema: fromText(Schema.Array(RoomName), (text) =>
    withGeneral(parts(text).map((name) => Result.getOrElse(roomName(name), () => name as RoomName)))
  ),
  metavar: "names",
  expected: "room names of 1 to 64 characters, with commas between them"
}

const originOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && url.origin !== "null" && url.href === `${url.origin}/` ? url.origin : ""
}

/** Origins of pages. */
export const origins: Kind<ReadonlyArray<string>> = {
  schema: fromText(Schema.Array(Schema.NonEmptyString), (text) => parts(text).map(originOf)),
  metavar: "origins",
  expected: `origins such as "https://chat.example.org", with commas between them`
}

/** An address of pages, which are at its root. */
export const url: Kind<string> = {
  schema: fromText(Schema.UndefinedOr(Schema.String), (text) => {
    if (text === "") return ""
    const origin = originOf(text)
    return /^https?:/.test(origin) ? origin : undefined
  }).pipe(Schema.decodeTo(Schema.String)),
  metavar: "url",
  expected: `an address without a path, such as "https://chat.example.org"`
}

/** A folder. */
export const folder: Kind<string> = {
  schema: Schema.NonEmptyString,
  metavar: "folder",
  expected: "a folder"
}

/** One of some words. */
export const oneOf = <const Words extends ReadonlyArray<string>>(...words: Words): Kind<Words[number]> => ({
  schema: fromText(Schema.Literals(words), (text) => text.toLowerCase() as Words[number]),
  metavar: words.join("|"),
  expected: words.map((word) => `"${word}"`).join(" or ")
})

/** The address of a PostgreSQL database, or none. It may have a password. */
export const databaseUrl: Kind<Redacted.Redacted | undefined> = {
  schema: fromText(Schema.UndefinedOr(Schema.Redacted(Schema.String)), (text) =>
    text === "" ? undefined : Redacted.make(/^postgres(ql)?:\/\/./.test(text) && URL.canParse(text) ? text : "")
  ).check(Schema.makeFilter((url) => url === undefined || Redacted.value(url) !== "")),
  metavar: "url",
  expected: `an address such as "postgres://user:password@host:5432/database"`,
  isSecret: true
}

/** How much is logged. */
export const logLevel: Kind<LogLevel.LogLevel> = {
  schema: fromText(
    Schema.Literals(LogLevel.values),
    (text) => String.capitalize(text.toLowerCase()) as LogLevel.LogLevel
  ),
  metavar: "level",
  expected: "one of all, trace, debug, info, warn, error, fatal, none"
}
