/** What the server says about itself while it runs: lines on standard error, for people or for machines. */
import { Layer, Logger, References } from "effect"
import { Settings } from "./Settings.ts"

const logger = process.stderr.isTTY
  ? Logger.consolePretty({ colors: true, mode: "tty" })
  : Logger.withConsoleError(Logger.formatLogFmt)

/** Logs to standard error from the configured level on: prettily to a terminal, else as logfmt. */
export const layer: Layer.Layer<never, never, Settings> = Layer.mergeAll(
  Logger.layer([logger]),
  Layer.succeed(Logger.LogToStderr, true),
  Layer.effect(
    References.MinimumLogLevel,
    Settings.useSync(({ logLevel }) => logLevel)
  )
)
