/** What the server says about itself while it runs: lines on standard error, for people or for machines. */
import { Context, Layer, Logger, LogLevel, References } from "effect"
import { WireLog } from "../transports/WireLog.ts"
import { Settings } from "./Settings.ts"
import { wireText } from "./WireText.ts"

/** How much is said: nothing, a line per packet besides warnings, or all that the log level lets through. */
export type Verbosity = "silent" | "tiny" | "dev"

/** What stands on the terminal below the log: it is taken away before lines are written, and put back behind them. */
export interface Footer {
  readonly hide: () => void
  readonly show: () => void
}

/** The log, as it can be turned down and up while the server runs. */
export class Logging extends Context.Service<
  Logging,
  {
    readonly verbosity: () => Verbosity
    readonly mute: () => void
    /** Says as much as this from now on; without it, what was said before it was muted. Gives what that is. */
    readonly unmute: (verbosity: Verbosity | undefined) => Verbosity
    /** Keeps a footer whole if it is on the terminal on which the log is, until what this gives is called. */
    readonly keep: (footer: Footer) => () => void
    /** Writes a line for a packet. */
    readonly record: WireLog["record"]
    /** Logs to standard error: prettily to a terminal, else as logfmt. */
    readonly logger: Logger.Logger<unknown, void>
  }
>()("parlance/app/Logging") {
  static readonly make = (initial: Verbosity): Logging["Service"] => {
    let verbosity = initial
    let audible: Verbosity = initial === "silent" ? "dev" : initial
    let footer: Footer | undefined
    const write = (writing: () => void): void => {
      footer?.hide()
      writing()
      footer?.show()
    }
    const lines: Logger.Logger<unknown, void> = process.stderr.isTTY
      ? Logger.consolePretty({ colors: true, mode: "tty" })
      : Logger.withConsoleError(Logger.formatLogFmt)
    return Logging.of({
      verbosity: () => verbosity,
      mute: () => void (verbosity = "silent"),
      unmute: (wanted = audible) => {
        if (wanted !== "silent") audible = wanted
        return (verbosity = wanted)
      },
      keep: (wanted) => {
        if (!process.stderr.isTTY) return () => {}
        footer = wanted
        return () => {
          if (footer === wanted) footer = undefined
        }
      },
      get record() {
        if (verbosity !== "tiny") return undefined
        return (direction: "in" | "out", who: string, packet: unknown) =>
          write(() => process.stderr.write(`${wireText(direction, who, packet)}\n`))
      },
      logger: Logger.make((options) => {
        if (verbosity === "silent") return
        if (verbosity === "tiny" && LogLevel.isLessThan(options.logLevel, "Warn")) return
        write(() => lines.log(options))
      })
    })
  }

  /** The log at the configured level, with the packets if they are asked for. */
  static readonly layer = (initial: Verbosity): Layer.Layer<Logging, never, Settings> => {
    const logging = Logging.make(initial)
    return Layer.mergeAll(
      Layer.succeed(Logging, logging),
      Layer.succeed(WireLog, logging),
      Logger.layer([logging.logger]),
      Layer.succeed(Logger.LogToStderr, true),
      Layer.effect(
        References.MinimumLogLevel,
        Settings.useSync(({ logLevel }) => logLevel)
      )
    )
  }
}
