/**
 * The settings of the server.
 *
 * One table says all about them: from it come the environment variables `PARLANCE_<NAME>`, the flags `--<name>`, the
 * help text and the type. A row's default is written as an operator would write it, and read by the same schema.
 */
import { Config, Context, Effect, Inspectable, Layer, Option, Redacted, Result, Schema, String } from "effect"
import * as Kind from "./SettingKind.ts"

/** A setting: what it may be, its default as a text, and what it is. */
export interface Row<A, I> {
  readonly kind: Kind.Kind<A, I>
  readonly initial: string
  readonly about: string
}

const row = <A, I>(kind: Kind.Kind<A, I>, initial: string, about: string): Row<A, I> => ({ kind, initial, about })

const table = {
  host: row(Kind.host, "127.0.0.1", "address to listen on; 0.0.0.0 opens the server to the network"),
  tossPort: row(Kind.port, "8000", "TCP port of the toss protocol; 0 takes any free one"),
  chatmasterPort: row(Kind.port, "9000", "TCP port of the chatmaster protocol; 0 takes any free one"),
  tsockmPort: row(Kind.port, "6969", "TCP port of the tsockm protocol; 0 takes any free one"),
  packetPort: row(Kind.port, "9400", "UDP and TCP port of the packet protocol; 0 takes any free one"),
  httpPort: row(Kind.port, "8080", "HTTP port, of the sockets protocol too; 0 takes any free one"),
  httpOrigins: row(Kind.origins, "", "origins whose pages may connect, besides the server's own"),
  publicUrl: row(
    Kind.url,
    "",
    "address of the HTTP port as others reach it, without a path; else the one it listens on"
  ),
  dataDir: row(Kind.folder, "./data", "folder in which history and files are stored"),
  storage: row(
    Kind.oneOf("auto", "sqlite", "postgres", "memory"),
    "auto",
    "where history is kept: auto is postgres if there is a database URL, else sqlite; memory keeps nothing, nor files"
  ),
  databaseUrl: row(
    Kind.databaseUrl,
    "",
    "the PostgreSQL database, such as postgres://user:password@host:5432/database"
  ),
  sqliteSync: row(Kind.oneOf("normal", "full"), "normal", "full survives a power cut too, and is slower"),
  rooms: row(Kind.rooms, "general,python", "rooms that are always there; general is always the first"),
  roomLimit: row(Kind.atLeast(1), "10000", "how many rooms there may be"),
  sessionLimit: row(Kind.atLeast(1), "10000", "how many users may be logged in"),
  historyLimit: row(Kind.atLeast(0), "10000", "messages kept per room; 0 keeps none"),
  historyTotalLimit: row(Kind.atLeast(0), "1000000", "messages kept in all"),
  historyLimitBytes: row(Kind.byteSize, "1GiB", "text of messages kept in all; beyond it the oldest go"),
  historyDays: row(Kind.atLeast(0), "0", "days for which messages are kept; 0 for no limit"),
  pacing: row(Kind.onOff, "on", "a gap between two packets to clients that cannot take two in one read"),
  tsockmGapMillis: row(Kind.atLeast(0), "30", "milliseconds between two packets to such clients of tsockm; 0 for none"),
  tossGapMillis: row(Kind.atLeast(0), "60", "milliseconds between two messages to such clients of toss; 0 for none"),
  floodRate: row(Kind.rate, "2", "messages per second that a user may send; 0 takes any number"),
  floodBurst: row(Kind.atLeast(1), "5", "messages that a user may send at once"),
  textLimitBytes: row(Kind.byteSize, "16KiB", "longest text of a message"),
  fileLimitBytes: row(Kind.byteSize, "100MiB", "largest file"),
  filesLimitBytes: row(Kind.byteSize, "10GiB", "all files together; beyond it the oldest go"),
  fileDays: row(Kind.atLeast(0), "0", "days for which files are kept; 0 for no limit"),
  uploadLimit: row(Kind.atLeast(1), "4", "files that a user may be sending at a time"),
  uploadTimeout: row(Kind.duration, "30 seconds", "time for anything to come of a file that was begun"),
  loginTimeout: row(Kind.duration, "15 seconds", "time to log in"),
  loginLimitBytes: row(Kind.byteSize, "4KiB", "bytes taken from a peer before its login"),
  loginLimitPackets: row(Kind.atLeast(1), "8", "packets taken from a peer before its login"),
  sessionTimeout: row(Kind.duration, "30 seconds", "time after which a packet session ends of which nothing comes"),
  tsockmCheckSeconds: row(Kind.atLeast(0), "0", "seconds between two checks whether tsockm peers live; 0 for none"),
  packageLimitBytes: row(Kind.byteSize, "1MiB", "largest packet of a peer, inflated"),
  jsonDepthLimit: row(Kind.atLeast(1), "32", "how deep JSON may be nested"),
  outboxLimitBytes: row(Kind.byteSize, "1MiB", "bytes that may wait for a peer that reads slowly"),
  outboxLimitBeforeLoginBytes: row(Kind.byteSize, "256KiB", "the same before its login"),
  writeTimeout: row(Kind.duration, "10 seconds", "time for a peer to take any of what waits for it"),
  drainTimeout: row(Kind.duration, "4 seconds", "time to send what waits when the server stops"),
  connectionsPerAddress: row(Kind.atLeast(1), "16", "connections that one address may have"),
  newConnectionsPerAddress: row(Kind.atLeast(1), "32", "connections that one address may open per window"),
  newConnectionsWindow: row(Kind.duration, "10 minutes", "the window in which new connections are counted"),
  logLevel: row(Kind.logLevel, "info", "least level that is logged")
}

type Table = typeof table
type Name = keyof Table

/** The values of all settings. */
export type Values = { readonly [N in Name]: Table[N] extends Row<infer A, infer _I> ? A : never }

type Given<A> = A | string | Config.Config<A | string>

/**
 * Settings as a program gives them: each as a value, as an operator would write it (`"64KiB"`, `"5 seconds"`, `"off"`), or as
 * a `Config` of either. A number is in milliseconds where a time is wanted, and in bytes where a size is. What is not given has its default.
 */
export type Input = { readonly [N in Name]?: Table[N] extends Row<infer _A, infer I> ? Given<I> : never }

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
    const isSecret = table[this.setting as Name].kind.isSecret === true && this.value !== ""
    const shown = isSecret ? "(hidden)" : this.value.length > 100 ? `${this.value.slice(0, 100)}…` : this.value
    return `Cannot start: ${environment} (--${flag}) is ${JSON.stringify(shown)}, expected ${this.expected}`
  }
}

const shownOf = (given: unknown): string =>
  typeof given === "string" ? given : Redacted.isRedacted(given) ? "(hidden)" : Inspectable.toStringUnknown(given, 0)

const decode = (name: Name, given: unknown): Result.Result<unknown, SettingInvalid> => {
  const kind: Kind.Kind<unknown, unknown> = table[name].kind
  return Result.mapError(
    kind.decode(given),
    () => new SettingInvalid({ setting: name, value: shownOf(given), expected: kind.expected })
  )
}

/** What is given goes before what `textOf` finds, and that before the default. */
const readAll = Effect.fnUntraced(function* (
  input: Input,
  textOf: (description: Description) => Effect.Effect<Option.Option<string>>
): Effect.fn.Return<Values, SettingInvalid | Config.ConfigError> {
  const values: Partial<Record<Name, unknown>> = {}
  for (const name of Object.keys(table) as Array<Name>) {
    const given: unknown = input[name]
    const text = name in input ? Option.none() : yield* textOf(describe(name))
    const value = Config.isConfig(given) ? yield* given : given
    const wanted = name in input ? value : Option.getOrElse(text, () => table[name].initial)
    values[name] = yield* Effect.fromResult(decode(name, wanted))
  }
  return values as Values
})

/** The settings with which the server runs. */
export class Settings extends Context.Service<Settings, Values>()("parlance/app/Settings") {
  /**
   * What is given, and for the rest the settings of the `ConfigProvider`.
   *
   * An unset variable, also an empty one of the environment, means the default. Fails with the first setting that is wrong.
   */
  static readonly config = (input: Input = {}): Effect.Effect<Values, SettingInvalid | Config.ConfigError> =>
    readAll(input, ({ environment }) => Effect.orDie(Config.option(Config.String(environment))))

  /** What is given, and for the rest the settings of the `ConfigProvider`. */
  static readonly layerConfig = (input?: Input): Layer.Layer<Settings, SettingInvalid | Config.ConfigError> =>
    Layer.effect(Settings, Settings.config(input))

  /** What is given, and for the rest the defaults. */
  static readonly layer = (input: Input = {}): Layer.Layer<Settings, SettingInvalid | Config.ConfigError> =>
    Layer.effect(
      Settings,
      readAll(input, () => Effect.succeedNone)
    )
}
