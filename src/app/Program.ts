/**
 * The server as a program: flags, banner, signals, exit codes.
 *
 * - Standard output carries the banner and the console; logs and failures go to standard error.
 * - SIGTERM, SIGINT and SIGHUP stop the server in good order, with exit code 0. A second Ctrl-C ends it at once, with 130.
 * - What the operator can mend is one line and exit code 1; only a fault of the program shows a stack.
 * - The process ends when its output has been taken by whoever reads it, or when nobody reads any more.
 */
// The first import of all: what a decoder has begun to interpret stays interpreted.
// oxlint-disable-next-line import/no-unassigned-import -- it has nothing to give
import "effect/schema/SchemaJITCompiler/enable"
import { readFileSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import {
  Cause,
  ConfigProvider,
  Console,
  Deferred,
  Effect,
  Exit,
  Layer,
  Option,
  Redacted,
  Runtime,
  Schema
} from "effect"
import { CliConfig, CliError, CliOutput, Command, Flag, GlobalFlag } from "effect/cli"
import type { Operator } from "../services/Operator.ts"
import * as OperatorConsole from "./Console.ts"
import * as ConsoleClient from "./ConsoleClient.ts"
import { ConsoleGateway } from "./ConsoleGateway.ts"
import * as ConsoleSocket from "./ConsoleSocket.ts"
import * as ConsoleTerminal from "./ConsoleTerminal.ts"
import * as Export from "./Export.ts"
import { Logging, type Verbosity } from "./Logging.ts"
import { Server } from "./Server.ts"
import { type Description, descriptions, Settings } from "./Settings.ts"

const flagOf = ({ about, environment, flag, initial, metavar }: Description) =>
  Flag.String(flag).pipe(
    Flag.withMetavar(`<${metavar}>`),
    Flag.withDescription(`${about} (${environment}, default ${initial === "" ? "none" : initial})`),
    Flag.optional
  )

const flagsOf = (descriptions: ReadonlyArray<Description>) =>
  Object.fromEntries(descriptions.map((description) => [description.environment, flagOf(description)]))

/** The settings, of which flags go before the environment. */
const layerSettings = (given: Readonly<Record<string, Option.Option<string>>>) => {
  const set = Object.entries(given).flatMap(([environment, value]) =>
    Option.isSome(value) ? [[environment, value.value] as const] : []
  )
  const provider = ConfigProvider.fromUnknown(Object.fromEntries(set), { preserveEmptyStrings: true })
  return Settings.layerConfig().pipe(Layer.provide(ConfigProvider.layerAdd(provider, { asPrimary: true })))
}

const isLoopback = (host: string): boolean => /^(localhost|127\.[\d.]+|::1)$/i.test(host)

const serve = Effect.fnUntraced(function* (version: string) {
  const { dataDir, host } = yield* Settings
  const { addresses, operatorPage } = yield* Server
  const open = addresses.map(({ protocol, url }) => `${protocol} ${url}`).join(", ")
  yield* Console.log(`Parlance is listening: ${open === "" ? "no port is open" : open}`)
  if (isLoopback(host)) {
    yield* Console.log("Only this machine can connect; start with --host 0.0.0.0 to open it to the network")
  }
  if (operatorPage !== undefined) {
    const { file, newToken, url } = operatorPage
    yield* Console.log(`The operator page is ${url}, its token is in ${file}`)
    if (newToken !== undefined) yield* Console.log(`It is new, and not shown again: ${Redacted.value(newToken)}`)
  }
  const exit = yield* Deferred.make<void>()
  const console = yield* OperatorConsole.make({ version, addresses, exit: Deferred.done(exit, Exit.void) })
  const gateway = yield* ConsoleGateway
  yield* gateway.open(console)
  yield* ConsoleSocket.listen(console, dataDir).pipe(Effect.catch(({ message }) => Effect.logError(message)))
  yield* Effect.forkScoped(ConsoleTerminal.serve(console))
  return yield* Deferred.await(exit)
}, Effect.scoped)

const silent = Flag.Boolean("silent").pipe(
  Flag.withAlias("s"),
  Flag.withDescription("log nothing"),
  Flag.withDefault(false)
)
const tiny = Flag.Boolean("tiny").pipe(
  Flag.withAlias("t"),
  Flag.withDescription("log a line per packet, and besides that only warnings"),
  Flag.withDefault(false)
)

const console = Command.make(
  "console",
  { settings: flagsOf(descriptions.filter(({ name }) => name === "dataDir")) },
  ({ settings }) =>
    Effect.provide(
      Settings.use(({ dataDir }) => ConsoleClient.run(dataDir)),
      layerSettings(settings)
    )
).pipe(Command.withDescription("Opens the operator's console of the server that runs with this data directory."))

const databaseSettings = new Set(["dataDir", "storage", "databaseUrl"])

const exportMessages = Command.make(
  "export",
  {
    settings: flagsOf(descriptions.filter(({ name }) => databaseSettings.has(name))),
    room: Flag.String("room").pipe(
      Flag.withMetavar("<name>"),
      Flag.withDescription("the room whose messages are wanted (default all, and direct ones)"),
      Flag.optional
    )
  },
  ({ room, settings }) => Effect.provide(Export.run(Option.getOrUndefined(room)), layerSettings(settings))
).pipe(Command.withDescription("Writes what was said as JSON lines, also while the server runs."))

/** The command `parlance`, which runs the server of a layer until it is interrupted; flags go before the environment. */
export const make = <E>(server: Layer.Layer<Server | Operator | ConsoleGateway, E, Settings>, version: string) =>
  Command.make("parlance", { settings: flagsOf(descriptions), silent, tiny }, ({ settings, silent, tiny }) => {
    const verbosity: Verbosity = silent ? "silent" : tiny ? "tiny" : "dev"
    const logging = Logging.layer(verbosity)
    return Effect.provide(
      serve(version),
      server.pipe(Layer.provideMerge(logging), Layer.provideMerge(layerSettings(settings)))
    )
  }).pipe(
    Command.withDescription("One chat server that speaks the wire protocols of many clients."),
    Command.withSubcommands([console, exportMessages])
  )

const explain = (error: CliError.CliError | undefined): string => {
  if (error?._tag !== "UnrecognizedOption") return error?.message.split("\n")[0] ?? "the command line is wrong"
  const [suggestion] = error.suggestions
  return `unknown flag ${error.option}${suggestion === undefined ? "" : `, did you mean ${suggestion}?`}`
}

const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Console.error(`Cannot start: ${explain(event.errors[0])} (--help shows all flags)`)
      : CliOutput.defaultPresenter.present(event)
}

const layerCommandLine = Layer.mergeAll(
  NodeServices.layer,
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] }),
  CliOutput.layerPresenter(presenter)
)

/** Tells why the program failed: one line for what was expected to fail, all there is for a defect. */
const report = (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
  const error = Cause.squash(cause)
  if (Cause.hasInterruptsOnly(cause) || CliError.isCliError(error)) return Effect.void
  return Console.error(!Cause.hasDies(cause) && error instanceof Error ? error.message : Cause.pretty(cause))
}

const teardown: Runtime.Teardown = (exit, onExit) =>
  onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1)

// One Ctrl-C may come more than once: from the terminal, from npm and from a parent process.
const sameKeyMillis = 500
// How long a process that was told to stop waits for those who read its output.
const outputTimeout = "2 seconds"

const outputs = [process.stdout, process.stderr]

/** Done when whoever reads the output has taken all that was written, or reads no more. */
const outputTaken = Effect.forEach(
  outputs,
  (output) => Effect.callback<void>((resume) => void output.write("", () => resume(Effect.void))),
  { concurrency: "unbounded", discard: true }
)

/**
 * Runs an effect as the process: signals interrupt it, and when it has ended and its output has been taken, the process
 * ends. After a signal it waits for readers 2 s at most.
 */
export const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  const stopped = Deferred.makeUnsafe<void>()
  let stoppingAtMillis: number | undefined
  const stop = (signal: NodeJS.Signals) => {
    const nowMillis = performance.now()
    stoppingAtMillis ??= nowMillis
    if (signal === "SIGINT" && nowMillis - stoppingAtMillis > sameKeyMillis) process.exit(130)
    Deferred.doneUnsafe(stopped, Exit.void)
    fiber.interruptUnsafe(fiber.id)
  }
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop)
  // The server outlives those who read its output.
  for (const output of outputs) output.on("error", () => {})
  const givenUp = Effect.andThen(Deferred.await(stopped), Effect.sleep(outputTimeout))
  const end = (code: number): void => {
    Effect.runCallback(Effect.raceFirst(outputTaken, givenUp), { onExit: () => process.exit(code) })
  }
  fiber.addObserver((exit) => teardown(exit, end))
})

const decodeManifest = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({ version: Schema.String })))

/** Runs the program with these arguments and ends the process. */
export const run = (argv: ReadonlyArray<string>): void => {
  const { version } = decodeManifest(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
  Command.runWith(make(Server.layerNoSettings, version), { version })(argv).pipe(
    Effect.tapCause(report),
    Effect.provide(layerCommandLine),
    runMain({ disableErrorReporting: true, teardown })
  )
}
