import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Data, Duration, Effect, Layer, Redacted } from "effect"
import { Command } from "effect/cli"
import type { ConsoleGateway } from "../../src/app/ConsoleGateway.ts"
import * as Program from "../../src/app/Program.ts"
import type { Server } from "../../src/app/Server.ts"
import { descriptions, Settings } from "../../src/app/Settings.ts"
import type { Operator } from "../../src/services/Operator.ts"

type Values = Settings["Service"]

const fromEnvironment = (environment: Record<string, string>) =>
  Settings.config().pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(environment))
  )

class Seen extends Data.TaggedError("Seen")<{ readonly values: Values }> {}

const server: Layer.Layer<Server | Operator | ConsoleGateway, Seen, Settings> = Layer.effectContext(
  Settings.use((values) => Effect.fail(new Seen({ values })))
)

/** The settings with which the program would start its server. */
const fromProgram = (argv: ReadonlyArray<string>, environment: Record<string, string> = {}) =>
  Command.runWith(Program.make(server, "0.0.0"), { version: "0.0.0", renderErrors: false })(argv).pipe(
    Effect.matchEffect({
      onSuccess: () => Effect.die("the program has ended"),
      onFailure: (error) => (error._tag === "Seen" ? Effect.succeed(error.values) : Effect.fail(error))
    }),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(environment)),
    Effect.provide(NodeServices.layer)
  )

const read = (name: string, text: string) => fromEnvironment({ [`PARLANCE_${name}`]: text })

const defaults = {
  host: "127.0.0.1",
  chatmasterPort: 9000,
  httpPort: 8080,
  httpOrigins: [],
  rooms: ["general", "python"],
  roomLimit: 10_000,
  sessionLimit: 10_000,
  historyLimit: 10_000,
  historyTotalLimit: 1_000_000,
  historyLimitBytes: 1_073_741_824,
  historyDays: 0,
  fileDays: 0,
  storage: "auto",
  databaseUrl: undefined,
  sqliteSync: "normal",
  pacing: true,
  floodRate: 2,
  floodBurst: 5,
  textLimitBytes: 16_384,
  loginTimeout: Duration.seconds(15),
  loginLimitBytes: 4096,
  loginLimitPackets: 8,
  packageLimitBytes: 1_048_576,
  jsonDepthLimit: 32,
  outboxLimitBytes: 1_048_576,
  outboxLimitBeforeLoginBytes: 262_144,
  writeTimeout: Duration.seconds(10),
  drainTimeout: Duration.seconds(4),
  connectionsPerAddress: 16,
  newConnectionsPerAddress: 32,
  newConnectionsWindow: Duration.minutes(10),
  logLevel: "Info",
  tossPort: 8000,
  tsockmPort: 6969,
  tsockmGapMillis: 30,
  tsockmCheckSeconds: 0,
  packetPort: 9400,
  sessionTimeout: Duration.seconds(30),
  publicUrl: "",
  dataDir: "./data",
  tossGapMillis: 60,
  fileLimitBytes: 104_857_600,
  filesLimitBytes: 10_737_418_240,
  uploadLimit: 4,
  uploadTimeout: Duration.seconds(30)
}

describe("Settings", () => {
  it.effect("Settings.config has a default for everything", () =>
    Effect.gen(function* () {
      assert.deepEqual<unknown>(yield* fromEnvironment({}), defaults)
    })
  )

  it.effect("Settings.layer() has the defaults, and general before all rooms", () =>
    Effect.gen(function* () {
      const plain = yield* Effect.provide(Settings.use(Effect.succeed), Settings.layer())
      assert.deepEqual<unknown>(plain, defaults)
      const rooms = plain.rooms.filter((name) => name === "python")
      const changed = yield* Effect.provide(
        Settings.use(Effect.succeed),
        Settings.layer({ httpPort: undefined, rooms, floodRate: 0 })
      )
      assert.deepEqual<unknown>(changed, { ...defaults, httpPort: undefined, floodRate: 0 })
    })
  )

  it.effect("Settings.config takes an empty variable for an unset one", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* read("HTTP_PORT", "")).httpPort, 8080)
    })
  )

  const good: ReadonlyArray<[name: string, text: string, setting: keyof Values, value: unknown]> = [
    ["HOST", "0.0.0.0", "host", "0.0.0.0"],
    ["HOST", "::1", "host", "::1"],
    ["HTTP_PORT", "0", "httpPort", 0],
    ["HTTP_PORT", " 65535 ", "httpPort", 65_535],
    ["CHATMASTER_PORT", "off", "chatmasterPort", undefined],
    ["CHATMASTER_PORT", "OFF", "chatmasterPort", undefined],
    ["ROOMS", "general", "rooms", ["general"]],
    ["ROOMS", "rust, General ,python,,Rust", "rooms", ["general", "rust", "python"]],
    ["PUBLIC_URL", "https://Chat.example.org:443/", "publicUrl", "https://chat.example.org"],
    ["TOSS_GAP_MILLIS", "0", "tossGapMillis", 0],
    ["PACING", "off", "pacing", false],
    ["PACING", "On", "pacing", true],
    ["FLOOD_RATE", "0", "floodRate", 0],
    ["FLOOD_RATE", "0.5", "floodRate", 0.5],
    ["LOGIN_TIMEOUT", "20 seconds", "loginTimeout", Duration.seconds(20)],
    ["LOGIN_TIMEOUT", "1 minute", "loginTimeout", Duration.minutes(1)],
    ["LOGIN_TIMEOUT", "20s", "loginTimeout", Duration.seconds(20)],
    ["LOGIN_TIMEOUT", "500ms", "loginTimeout", Duration.millis(500)],
    ["LOGIN_TIMEOUT", "2h", "loginTimeout", Duration.hours(2)],
    ["LOGIN_TIMEOUT", "7", "loginTimeout", Duration.seconds(7)],
    ["LOGIN_TIMEOUT", "1.5", "loginTimeout", Duration.millis(1500)],
    ["OUTBOX_LIMIT_BYTES", "65536", "outboxLimitBytes", 65_536],
    ["OUTBOX_LIMIT_BYTES", "64KiB", "outboxLimitBytes", 65_536],
    ["OUTBOX_LIMIT_BYTES", "2 MiB", "outboxLimitBytes", 2_097_152],
    ["OUTBOX_LIMIT_BYTES", "64kB", "outboxLimitBytes", 64_000],
    ["HISTORY_LIMIT", "0", "historyLimit", 0],
    ["STORAGE", "Memory", "storage", "memory"],
    ["SQLITE_SYNC", "full", "sqliteSync", "full"],
    [
      "HTTP_ORIGINS",
      "https://A.example/, http://b.example:8000",
      "httpOrigins",
      ["https://a.example", "http://b.example:8000"]
    ],
    ["LOG_LEVEL", "WARN", "logLevel", "Warn"],
    ["LOG_LEVEL", "none", "logLevel", "None"]
  ]
  for (const [name, text, setting, value] of good) {
    it.effect(`Settings.config reads ${name} ${JSON.stringify(text)}`, () =>
      Effect.gen(function* () {
        assert.deepEqual<unknown>((yield* read(name, text))[setting], value)
      })
    )
  }

  it.effect("Settings.config reads the address of a database, and never shows one that is wrong", () =>
    Effect.gen(function* () {
      for (const text of ["postgres://u:secret@host:5432/chat", "postgresql:///chat"]) {
        const { databaseUrl } = yield* read("DATABASE_URL", text)
        assert.strictEqual(databaseUrl === undefined ? undefined : Redacted.value(databaseUrl), text)
        assert.notInclude(String(databaseUrl), "secret")
      }
      for (const text of ["mysql://u:secret@host/chat", "host=db password=secret", "postgres://"]) {
        assert.strictEqual(
          (yield* Effect.flip(read("DATABASE_URL", text))).message,
          'Cannot start: PARLANCE_DATABASE_URL (--database-url) is "(hidden)", expected an address such as ' +
            '"postgres://user:password@host:5432/database"'
        )
      }
    })
  )

  const port = `a port from 0 to 65535 or "off"`
  const time = `a time such as "15 seconds", "15s" or "15"`
  const size = `a size such as "65536" or "64KiB"`
  const url = `an address without a path, such as "https://chat.example.org"`
  const bad: ReadonlyArray<[name: string, flag: string, text: string, expected: string]> = [
    ["HOST", "host", "a b", "an IP address or a host name"],
    ["HTTP_PORT", "http-port", "abc", port],
    ["HTTP_PORT", "http-port", "65536", port],
    ["HTTP_PORT", "http-port", "-1", port],
    ["CHATMASTER_PORT", "chatmaster-port", "1e3", port],
    ["CHATMASTER_PORT", "chatmaster-port", " ", port],
    ["ROOMS", "rooms", "a\u0000b", "room names of 1 to 64 characters, with commas between them"],
    ["ROOMS", "rooms", "x".repeat(65), "room names of 1 to 64 characters, with commas between them"],
    ["PACING", "pacing", "maybe", `"on" or "off"`],
    ["FLOOD_RATE", "flood-rate", "-2", "a number of 0 or more"],
    ["FLOOD_RATE", "flood-rate", "many", "a number of 0 or more"],
    ["FLOOD_BURST", "flood-burst", "0", "a whole number of 1 or more"],
    ["STORAGE", "storage", "mysql", `"auto" or "sqlite" or "postgres" or "memory"`],
    ["HISTORY_LIMIT", "history-limit", "1.5", "a whole number of 0 or more"],
    ["LOGIN_TIMEOUT", "login-timeout", "0", time],
    ["LOGIN_TIMEOUT", "login-timeout", "soon", time],
    ["LOGIN_TIMEOUT", "login-timeout", "-5s", time],
    ["LOGIN_TIMEOUT", "login-timeout", "1 fortnight", time],
    ["DRAIN_TIMEOUT", "drain-timeout", "Infinity", time],
    ["TEXT_LIMIT_BYTES", "text-limit-bytes", "0", size],
    ["TEXT_LIMIT_BYTES", "text-limit-bytes", "16 potatoes", size],
    ["TEXT_LIMIT_BYTES", "text-limit-bytes", "9999999999 TiB", size],
    [
      "HTTP_ORIGINS",
      "http-origins",
      "example.org",
      `origins such as "https://chat.example.org", with commas between them`
    ],
    [
      "HTTP_ORIGINS",
      "http-origins",
      "http://a.b/c",
      `origins such as "https://chat.example.org", with commas between them`
    ],
    ["PUBLIC_URL", "public-url", "https://chat.example.org/parlance", url],
    ["PUBLIC_URL", "public-url", "ftp://chat.example.org", url],
    ["PUBLIC_URL", "public-url", "chat.example.org", url],
    ["PUBLIC_URL", "public-url", "https://a.b/?c", url],
    ["LOG_LEVEL", "log-level", "loud", "one of all, trace, debug, info, warn, error, fatal, none"]
  ]
  for (const [name, flag, text, expected] of bad) {
    it.effect(`Settings.config refuses ${name} ${JSON.stringify(text)}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(read(name, text))
        assert.strictEqual(error._tag, "SettingInvalid")
        assert.strictEqual(
          error.message,
          `Cannot start: PARLANCE_${name} (--${flag}) is ${JSON.stringify(text)}, expected ${expected}`
        )
      })
    )
  }

  it("SettingInvalid.message stays one short line", () => {
    const text = `${"x\n".repeat(5000)}`
    return read("HOST", text).pipe(
      Effect.flip,
      Effect.map(({ message }) => assert.match(message, /^.{100,300}$/)),
      Effect.runPromise
    )
  })

  it.effect("Program.make() has a flag for every setting", () =>
    Effect.gen(function* () {
      const argv = descriptions.flatMap(({ flag, initial }) => (initial === "" ? [] : [`--${flag}`, initial]))
      assert.deepEqual<unknown>(yield* fromProgram(argv), defaults)
    })
  )

  it.effect("Program.make() reads flags, then the environment, then the defaults", () =>
    Effect.gen(function* () {
      const environment = { PARLANCE_HOST: "0.0.0.0", PARLANCE_HTTP_PORT: "81", PARLANCE_FLOOD_RATE: "wrong" }
      const values = yield* fromProgram(["--http-port", "off", "--flood-rate=7"], environment)
      assert.deepEqual<unknown>(values, { ...defaults, host: "0.0.0.0", httpPort: undefined, floodRate: 7 })
    })
  )

  it.effect("Program.make() refuses a wrong flag even when the environment is right", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(fromProgram(["--http-port", "eighty"], { PARLANCE_HTTP_PORT: "80" }))
      assert.strictEqual(
        error.message,
        `Cannot start: PARLANCE_HTTP_PORT (--http-port) is "eighty", expected a port from 0 to 65535 or "off"`
      )
    })
  )

  it("descriptions name the settings as operators write them", () => {
    const { environment, flag } = descriptions.find(({ name }) => name === "outboxLimitBeforeLoginBytes")!
    assert.deepStrictEqual(
      [environment, flag],
      ["PARLANCE_OUTBOX_LIMIT_BEFORE_LOGIN_BYTES", "outbox-limit-before-login-bytes"]
    )
  })
})
