/**
 * The server as a program: flags, banner, signals, exit codes.
 *
 * - Standard output carries the banner alone; logs and failures go to standard error.
 * - SIGTERM, SIGINT and SIGHUP stop the server in good order, with exit code 0. A second Ctrl-C ends it at once, with 130.
 * - What the operator can mend is one line and exit code 1; only a fault of the program shows a stack.
 */
import { readFileSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, ConfigProvider, Console, Effect, Exit, Layer, Option, Runtime, Schema } from "effect"
import { CliConfig, CliError, CliOutput, Command, Flag, GlobalFlag } from "effect/cli"
import * as Logging from "./Logging.ts"
import { Server } from "./Server.ts"
import { descriptions, Settings } from "./Settings.ts"

const flags = Object.fromEntries(
  descriptions.map(({ about, environment, flag, initial, metavar }) => [
    environment,
    Flag.String(flag).pipe(
      Flag.withMetavar(`<${metavar}>`),
      Flag.withDescription(`${about} (${environment}, default ${initial === "" ? "none" : initial})`),
      Flag.optional
    )
  ])
)

const isLoopback = (host: string): boolean => /^(localhost|127\.[\d.]+|::1)$/i.test(host)

const serve = Effect.gen(function* () {
  const { host } = yield* Settings
  const { addresses } = yield* Server
  const open = addresses.map(({ protocol, url }) => `${protocol} ${url}`).join(", ")
  yield* Console.log(`Parlance is listening: ${open === "" ? "no port is open" : open}`)
  if (isLoopback(host)) {
    yield* Console.log("Only this machine can connect; start with --host 0.0.0.0 to open it to the network")
  }
  return yield* Effect.never
})

/** The command `parlance`, which runs the server of a layer until it is interrupted; flags go before the environment. */
export const make = <E>(server: Layer.Layer<Server, E, Settings>) =>
  Command.make("parlance", flags, (given) => {
    const set = Object.entries(given).flatMap(([environment, value]) =>
      Option.isSome(value) ? [[environment, value.value] as const] : []
    )
    const provider = ConfigProvider.fromUnknown(Object.fromEntries(set), { preserveEmptyStrings: true })
    const settings = Settings.layerConfig.pipe(Layer.provide(ConfigProvider.layerAdd(provider, { asPrimary: true })))
    return Effect.provide(serve, server.pipe(Layer.provideMerge(Logging.layer), Layer.provideMerge(settings)))
  }).pipe(Command.withDescription("One chat server that speaks the wire protocols of many clients."))

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

/** Runs an effect as the process: signals interrupt it, its end is the end of the process. */
export const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  let stoppingAtMillis: number | undefined
  const stop = (signal: NodeJS.Signals) => {
    const nowMillis = performance.now()
    stoppingAtMillis ??= nowMillis
    if (signal === "SIGINT" && nowMillis - stoppingAtMillis > sameKeyMillis) process.exit(130)
    fiber.interruptUnsafe(fiber.id)
  }
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop)
  // The server outlives those who read its output.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => {})
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})

const decodeManifest = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({ version: Schema.String })))

/** Runs the program with these arguments and ends the process. */
export const run = (argv: ReadonlyArray<string>): void => {
  const { version } = decodeManifest(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
  Command.runWith(make(Server.layer), { version })(argv).pipe(
    Effect.tapCause(report),
    Effect.provide(layerCommandLine),
    runMain({ disableErrorReporting: true, teardown })
  )
}
