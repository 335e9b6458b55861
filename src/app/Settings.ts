/**
 * The settings of the server.
 *
 * One table says all about them: from it come the environment variables `PARLANCE_<NAME>`, the flags `--<name>`, the
 * help text and the type. A row's default is written as an operator would write it, and read by the same schema.
 */
import {
  Config,
  Context,
  Duration,
  Effect,
  Layer,
  LogLevel,
  Option,
  Result,
  Schema,
  SchemaGetter,
  String
} from "effect"
import { general, lookAlikeKey, RoomName, roomName } from "../domain/Names.ts"

/** How a value is written: its schema, what to write for it in help, and what was expected when it is wrong. */
interface Kind<A> {
  readonly schema: Schema.Codec<A, string>
  readonly metavar: string
  readonly expected: string
}

interface Row<A> {
  readonly kind: Kind<A>
  readonly initial: string
  readonly about: string
}

const row = <A>(kind: Kind<A>, initial: string, about: string): Row<A> => ({ kind, initial, about })

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

const host: Kind<string> = {
  schema: Schema.String.check(Schema.isPattern(/^[\w.:%-]+$/)),
  metavar: "address",
  expected: "an IP address or a host name"
}

const port: Kind<number | undefined> = {
  schema: fromText(Schema.UndefinedOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65535 }))), (text) =>
    text.toLowerCase() === "off" ? undefined : digits(text)
  ),
  metavar: "port|off",
  expected: `a port from 0 to 65535 or "off"`
}

const onOff: Kind<boolean> = {
  schema: fromText(Schema.UndefinedOr(Schema.Boolean), (text) =>
    text.toLowerCase() === "on" ? true : text.toLowerCase() === "off" ? false : undefined
  ).pipe(Schema.decodeTo(Schema.Boolean)),
  metavar: "on|off",
  expected: `"on" or "off"`
}

const atLeast = (minimum: number): Kind<number> => ({
  schema: fromText(Schema.Int.check(Schema.isGreaterThanOrEqualTo(minimum)), digits),
  metavar: "number",
  expected: `a whole number of ${minimum} or more`
})

const rate: Kind<number> = {
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

const duration: Kind<Duration.Duration> = {
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

const byteSize: Kind<number> = {
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
const withGeneral = (names: ReadonlyArray<RoomName>): ReadonlyArray<RoomName> => {
  const byKey = new Map<string, RoomName>()
  for (const name of [general, ...names]) {
    const key = lookAlikeKey(name)
    if (!byKey.has(key)) byKey.set(key, name)
  }
  return [...byKey.values()]
}

const rooms: Kind<ReadonlyArray<RoomName>> = {
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

const origins: Kind<ReadonlyArray<string>> = {
  schema: fromText(Schema.Array(Schema.NonEmptyString), (text) => parts(text).map(originOf)),
  metavar: "origins",
  expected: `origins such as "https://chat.example.org", with commas between them`
}

const url: Kind<string> = {
  schema: fromText(Schema.UndefinedOr(Schema.String), (text) => {
    if (text === "") return ""
    const parsed = URL.canParse(text) ? new URL(text) : undefined
    const isPlain = parsed !== undefined && /^https?:$/.test(parsed.protocol) && parsed.search + parsed.hash === ""
    return isPlain ? parsed.href.replace(/\/+$/, "") : undefined
  }).pipe(Schema.decodeTo(Schema.String)),
  metavar: "url",
  expected: `an address such as "https://chat.example.org"`
}

const folder: Kind<string> = {
  schema: Schema.NonEmptyString,
  metavar: "folder",
  expected: "a folder"
}

const logLevel: Kind<LogLevel.LogLevel> = {
  schema: fromText(
    Schema.Literals(LogLevel.values),
    (text) => String.capitalize(text.toLowerCase()) as LogLevel.LogLevel
  ),
  metavar: "level",
  expected: "one of all, trace, debug, info, warn, error, fatal, none"
}

const table = {
  host: row(host, "127.0.0.1", "address to listen on; 0.0.0.0 opens the server to the network"),
  tossPort: row(port, "8000", "TCP port of the toss protocol; 0 takes any free one"),
  chatmasterPort: row(port, "9000", "TCP port of the chatmaster protocol; 0 takes any free one"),
  packetPort: row(port, "9400", "UDP and TCP port of the packet protocol; 0 takes any free one"),
  httpPort: row(port, "8080", "HTTP port, of the sockets protocol too; 0 takes any free one"),
  httpOrigins: row(origins, "", "origins whose pages may connect, besides the server's own"),
  publicUrl: row(
    url,
    "",
    "address of the HTTP port as others reach it, for links to files; else the one it listens on"
  ),
  dataDir: row(folder, "./data", "folder in which files are stored"),
  rooms: row(rooms, "general,python", "rooms that are always there; general is always the first"),
  roomLimit: row(atLeast(1), "10000", "how many rooms there may be"),
  sessionLimit: row(atLeast(1), "10000", "how many users may be logged in"),
  historyLimit: row(atLeast(0), "1000", "messages kept per room"),
  pacing: row(onOff, "on", "a gap between two packets to clients that cannot take two in one read"),
  tossGapMillis: row(atLeast(0), "60", "milliseconds between two messages to such clients of toss; 0 for none"),
  floodRate: row(rate, "2", "messages per second that a user may send; 0 takes any number"),
  floodBurst: row(atLeast(1), "5", "messages that a user may send at once"),
  textLimitBytes: row(byteSize, "16KiB", "longest text of a message"),
  fileLimitBytes: row(byteSize, "100MiB", "largest file"),
  filesLimitBytes: row(byteSize, "10GiB", "all files together; beyond it the oldest go"),
  uploadLimit: row(atLeast(1), "4", "files that a user may be sending at a time"),
  uploadTimeout: row(duration, "30 seconds", "time for anything to come of a file that was begun"),
  loginTimeout: row(duration, "15 seconds", "time to log in"),
  loginLimitBytes: row(byteSize, "4KiB", "bytes taken from a peer before its login"),
  loginLimitPackets: row(atLeast(1), "8", "packets taken from a peer before its login"),
  sessionTimeout: row(duration, "30 seconds", "time after which a packet session ends of which nothing comes"),
  packageLimitBytes: row(byteSize, "1MiB", "largest packet of a peer, inflated"),
  jsonDepthLimit: row(atLeast(1), "32", "how deep JSON may be nested"),
  outboxLimitBytes: row(byteSize, "1MiB", "bytes that may wait for a peer that reads slowly"),
  outboxLimitBeforeLoginBytes: row(byteSize, "256KiB", "the same before its login"),
  writeTimeout: row(duration, "10 seconds", "time for a peer to take any of what waits for it"),
  drainTimeout: row(duration, "4 seconds", "time to send what waits when the server stops"),
  connectionsPerAddress: row(atLeast(1), "16", "connections that one address may have"),
  newConnectionsPerAddress: row(atLeast(1), "32", "connections that one address may open per window"),
  newConnectionsWindow: row(duration, "10 minutes", "the window in which new connections are counted"),
  logLevel: row(logLevel, "info", "least level that is logged")
}

type Name = keyof typeof table
type Value<R> = R extends Row<infer A> ? A : never
type Values = { readonly [N in Name]: Value<(typeof table)[N]> }

/** What operators see of one setting. */
export interface Description {
  readonly name: string
  /** The environment variable: `PARLANCE_HTTP_PORT`. */
  readonly environment: string
  /** The flag, without its dashes: `http-port`. */
  readonly flag: string
  readonly metavar: string
  readonly initial: string
  readonly about: string
}

const describe = (name: Name): Description => {
  const { about, initial, kind } = table[name]
  const flag = String.camelToSnake(name).replaceAll("_", "-")
  const environment = `PARLANCE_${flag.replaceAll("-", "_").toUpperCase()}`
  return { name, environment, flag, metavar: kind.metavar, initial, about }
}

/** All settings, in the order of the help text. */
export const descriptions: ReadonlyArray<Description> = (Object.keys(table) as Array<Name>).map(describe)

/** A setting has a value that it cannot have. */
export class SettingInvalid extends Schema.TaggedError<SettingInvalid>()("SettingInvalid", {
  setting: Schema.String,
  value: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    const { environment, flag } = describe(this.setting as Name)
    const shown = this.value.length > 100 ? `${this.value.slice(0, 100)}…` : this.value
    return `Cannot start: ${environment} (--${flag}) is ${JSON.stringify(shown)}, expected ${this.expected}`
  }
}

const read = <A>(name: Name, { initial, kind }: Row<A>, text: Option.Option<string>) => {
  const value = Option.getOrElse(text, () => initial)
  return Schema.decodeResult(kind.schema)(value.trim()).pipe(
    Result.mapError(() => new SettingInvalid({ setting: name, value, expected: kind.expected }))
  )
}

const readAll = Effect.fnUntraced(function* (
  textOf: (description: Description) => Effect.Effect<Option.Option<string>>
): Effect.fn.Return<Values, SettingInvalid> {
  const values: Partial<Record<Name, unknown>> = {}
  for (const name of Object.keys(table) as Array<Name>) {
    const text = yield* textOf(describe(name))
    values[name] = yield* Effect.fromResult(read<unknown>(name, table[name], text))
  }
  return values as Values
})

/** The settings with which the server runs. */
export class Settings extends Context.Service<Settings, Values>()("parlance/app/Settings") {
  /**
   * Reads the settings from the `ConfigProvider`.
   *
   * An unset variable, also an empty one of the environment, means the default. Fails with the first setting that is wrong.
   */
  static readonly config: Effect.Effect<Values, SettingInvalid> = readAll(({ environment }) =>
    Effect.orDie(Config.option(Config.String(environment)))
  )

  /** The settings of the `ConfigProvider`. */
  static readonly layerConfig: Layer.Layer<Settings, SettingInvalid> = Layer.effect(Settings, Settings.config)

  /** The defaults, and what is set besides. */
  static readonly layer = (overrides?: Partial<Values>): Layer.Layer<Settings> =>
    Layer.effect(
      Settings,
      readAll(() => Effect.succeedNone).pipe(
        Effect.orDie,
        Effect.map((defaults) => Settings.of({ ...defaults, ...overrides })),
        Effect.map((values) => Settings.of({ ...values, rooms: withGeneral(values.rooms) }))
      )
    )
}
