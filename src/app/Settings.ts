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
  /** Address to listen on; 0.0.0.0 opens the server to the network. Default 127.0.0.1. */
  host: row(Kind.host, "127.0.0.1", "address to listen on; 0.0.0.0 opens the server to the network"),
  /** TCP port of the toss protocol; 0 takes any free one. Default 8000. */
  tossPort: row(Kind.port, "8000", "TCP port of the toss protocol; 0 takes any free one"),
  /** TCP port of the chatmaster protocol; 0 takes any free one. Default 9000. */
  chatmasterPort: row(Kind.port, "9000", "TCP port of the chatmaster protocol; 0 takes any free one"),
  /** TCP port of the tsockm protocol; 0 takes any free one. Default 6969. */
  tsockmPort: row(Kind.port, "6969", "TCP port of the tsockm protocol; 0 takes any free one"),
  /** UDP and TCP port of the packet protocol; 0 takes any free one. Default 9400. */
  packetPort: row(Kind.port, "9400", "UDP and TCP port of the packet protocol; 0 takes any free one"),
  /** HTTP port, of the sockets protocol too; 0 takes any free one. Default 8080. */
  httpPort: row(Kind.port, "8080", "HTTP port, of the sockets protocol too; 0 takes any free one"),
  /** Origins whose pages may connect, besides the server's own. Default none. */
  httpOrigins: row(Kind.origins, "", "origins whose pages may connect, besides the server's own"),
  /** Address of the HTTP port as others reach it, without a path; else the one it listens on. Default none. */
  publicUrl: row(
    Kind.url,
    "",
    "address of the HTTP port as others reach it, without a path; else the one it listens on"
  ),
  /** Folder in which history and files are stored. Default ./data. */
  dataDir: row(Kind.folder, "./data", "folder in which history and files are stored"),
  /**
   * Where history is kept: auto is postgres if there is a database URL, else sqlite; memory keeps nothing, nor
   * files. Default auto.
   */
  storage: row(
    Kind.oneOf("auto", "sqlite", "postgres", "memory"),
    "auto",
    "where history is kept: auto is postgres if there is a database URL, else sqlite; memory keeps nothing, nor files"
  ),
  /** The PostgreSQL database, such as postgres://user:password@host:5432/database. Default none. */
  databaseUrl: row(
    Kind.databaseUrl,
    "",
    "the PostgreSQL database, such as postgres://user:password@host:5432/database"
  ),
  /** Full survives a power cut too, and is slower. Default normal. */
  sqliteSync: row(Kind.oneOf("normal", "full"), "normal", "full survives a power cut too, and is slower"),
  /** Rooms that are always there; general is always the first. Default general,python. */
  rooms: row(Kind.rooms, "general,python", "rooms that are always there; general is always the first"),
  /** How many rooms there may be. Default 10000. */
  roomLimit: row(Kind.atLeast(1), "10000", "how many rooms there may be"),
  /** How many users may be logged in. Default 10000. */
  sessionLimit: row(Kind.atLeast(1), "10000", "how many users may be logged in"),
  /** Messages kept per room; 0 keeps none. Default 10000. */
  historyLimit: row(Kind.atLeast(0), "10000", "messages kept per room; 0 keeps none"),
  /** Messages kept in all. Default 1000000. */
  historyTotalLimit: row(Kind.atLeast(0), "1000000", "messages kept in all"),
  /** Text of messages kept in all; beyond it the oldest go. Default 1GiB. */
  historyLimitBytes: row(Kind.byteSize, "1GiB", "text of messages kept in all; beyond it the oldest go"),
  /** Days for which messages are kept; 0 for no limit. Default 0. */
  historyDays: row(Kind.atLeast(0), "0", "days for which messages are kept; 0 for no limit"),
  /** A gap between two packets to clients that cannot take two in one read. Default on. */
  pacing: row(Kind.onOff, "on", "a gap between two packets to clients that cannot take two in one read"),
  /** Milliseconds between two packets to such clients of tsockm; 0 for none. Default 30. */
  tsockmGapMillis: row(Kind.atLeast(0), "30", "milliseconds between two packets to such clients of tsockm; 0 for none"),
  /** Milliseconds between two messages to such clients of toss; 0 for none. Default 60. */
  tossGapMillis: row(Kind.atLeast(0), "60", "milliseconds between two messages to such clients of toss; 0 for none"),
  /** Messages per second that a user may send; 0 takes any number. Default 2. */
  floodRate: row(Kind.rate, "2", "messages per second that a user may send; 0 takes any number"),
  /** Messages that a user may send at once. Default 5. */
  floodBurst: row(Kind.atLeast(1), "5", "messages that a user may send at once"),
  /** Longest text of a message. Default 16KiB. */
  textLimitBytes: row(Kind.byteSize, "16KiB", "longest text of a message"),
  /** Largest file. Default 100MiB. */
  fileLimitBytes: row(Kind.byteSize, "100MiB", "largest file"),
  /** All files together; beyond it the oldest go. Default 10GiB. */
  filesLimitBytes: row(Kind.byteSize, "10GiB", "all files together; beyond it the oldest go"),
  /** Days for which files are kept; 0 for no limit. Default 0. */
  fileDays: row(Kind.atLeast(0), "0", "days for which files are kept; 0 for no limit"),
  /** Files that a user may be sending at a time. Default 4. */
  uploadLimit: row(Kind.atLeast(1), "4", "files that a user may be sending at a time"),
  /** Time for anything to come of a file that was begun. Default 30 seconds. */
  uploadTimeout: row(Kind.duration, "30 seconds", "time for anything to come of a file that was begun"),
  /** Time to log in. Default 15 seconds. */
  loginTimeout: row(Kind.duration, "15 seconds", "time to log in"),
  /** Bytes taken from a peer before its login. Default 4KiB. */
  loginLimitBytes: row(Kind.byteSize, "4KiB", "bytes taken from a peer before its login"),
  /** Packets taken from a peer before its login. Default 8. */
  loginLimitPackets: row(Kind.atLeast(1), "8", "packets taken from a peer before its login"),
  /** Time after which a packet session ends of which nothing comes. Default 30 seconds. */
  sessionTimeout: row(Kind.duration, "30 seconds", "time after which a packet session ends of which nothing comes"),
  /** Seconds between two checks whether tsockm peers live; 0 for none. Default 0. */
  tsockmCheckSeconds: row(Kind.atLeast(0), "0", "seconds between two checks whether tsockm peers live; 0 for none"),
  /** Largest packet of a peer, inflated. Default 1MiB. */
  packageLimitBytes: row(Kind.byteSize, "1MiB", "largest packet of a peer, inflated"),
  /** How deep JSON may be nested. Default 32. */
  jsonDepthLimit: row(Kind.atLeast(1), "32", "how deep JSON may be nested"),
  /** Bytes that may wait for a peer that reads slowly. Default 1MiB. */
  outboxLimitBytes: row(Kind.byteSize, "1MiB", "bytes that may wait for a peer that reads slowly"),
  /** The same before its login. Default 256KiB. */
  outboxLimitBeforeLoginBytes: row(Kind.byteSize, "256KiB", "the same before its login"),
  /** Time for a peer to take any of what waits for it. Default 10 seconds. */
  writeTimeout: row(Kind.duration, "10 seconds", "time for a peer to take any of what waits for it"),
  /** Time to send what waits when the server stops. Default 4 seconds. */
  drainTimeout: row(Kind.duration, "4 seconds", "time to send what waits when the server stops"),
  /** Connections that one address may have. Default 16. */
  connectionsPerAddress: row(Kind.atLeast(1), "16", "connections that one address may have"),
  /** Connections that one address may open per window. Default 32. */
  newConnectionsPerAddress: row(Kind.atLeast(1), "32", "connections that one address may open per window"),
  /** The window in which new connections are counted. Default 10 minutes. */
  newConnectionsWindow: row(Kind.duration, "10 minutes", "the window in which new connections are counted"),
  /** Least level that is logged. Default info. */
  logLevel: row(Kind.logLevel, "info", "least level that is logged")
}

type Table = typeof table
type Name = keyof Table

/** The values of all settings. */
export type Values = { readonly [N in keyof Table]: Table[N] extends Row<infer A, infer _I> ? A : never }

type Given<A> = A | string | Config.Config<A | string>

/**
 * Settings as a program gives them: each as a value, as an operator would write it (`"64KiB"`, `"5 seconds"`, `"off"`), or as
 * a `Config` of either. A number is in milliseconds where a time is wanted, and in bytes where a size is. What is not given has its default.
 */
export type Input = { readonly [N in keyof Table]?: Table[N] extends Row<infer _A, infer I> ? Given<I> : never }

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
