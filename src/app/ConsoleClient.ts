/** The terminal or pipe of this process as the console of a server that runs elsewhere on this machine. */
import { Effect, Result, type Scope, Stream } from "effect"
import { parse } from "./ConsoleCommand.ts"
import { type ConsoleUnavailable, dial, pathIn } from "./ConsoleSocket.ts"
import * as ConsoleTerminal from "./ConsoleTerminal.ts"

/** Done when what is printed cannot be written any more, as when its reader has gone. */
const unread = Effect.callback<void>((resume) => {
  const end = () => resume(Effect.void)
  process.stdout.once("error", end)
  return Effect.sync(() => process.stdout.off("error", end))
})

/**
 * Sends lines to the server with this data directory and prints its answers, until either has no more, or nobody reads what
 * is printed.
 */
export const run = Effect.fn("ConsoleClient.run")(function* (
  directory: string
): Effect.fn.Return<void, ConsoleUnavailable, Scope.Scope> {
  const socket = yield* dial(pathIn(directory))
  const terminal = yield* ConsoleTerminal.open
  const print = terminal?.print ?? ConsoleTerminal.printTo(process.stdout)
  if (terminal?.footer !== undefined) {
    yield* print(`This is the console of the server in ${directory}; :help lists all commands, Ctrl-D leaves`)
  }
  const send = (line: string): Effect.Effect<void> =>
    Effect.sync(() => {
      const parsed = parse(line)
      const isClear = Result.isSuccess(parsed) && parsed.success?._tag === "Clear"
      if (isClear) terminal?.clear?.()
      else socket.write(`${line}\n`)
    })
  const sending = Stream.runForEach(terminal?.lines ?? Stream.empty, send).pipe(
    Effect.andThen(Effect.sync(() => socket.end())),
    Effect.andThen(Effect.never)
  )
  yield* Effect.raceAllFirst([Stream.runForEach(ConsoleTerminal.linesOf(socket), print), sending, unread])
}, Effect.scoped)
