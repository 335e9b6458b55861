/**
 * The terminal, or the pipe, from which this process was started.
 *
 * - A terminal has line editing and a history. What is printed goes above the line that is being typed, which stays whole.
 * - A pipe or a file is read as plain lines, and what is printed goes to standard output.
 * - Anything else, such as `/dev/null`, is not read; nor is the terminal of a process in the background, which would stop
 *   it.
 */
import { execFileSync } from "node:child_process"
import { fstatSync, readFileSync } from "node:fs"
import { createInterface, cursorTo, clearScreenDown, moveCursor } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { isatty } from "node:tty"
import * as NodeStream from "@effect/platform-node/NodeStream"
import { type Cause, Effect, Queue, type Scope, Stream } from "effect"
import type { Attachment, Console } from "./Console.ts"
import { lineLimitBytes } from "./ConsoleCommand.ts"
import { LineBuffer } from "./LineBuffer.ts"
import { type Footer, Logging } from "./Logging.ts"

const isDumb = process.env["TERM"] === "dumb"

/** What to read from and print to. */
export interface Terminal extends Attachment {
  /** What must be kept whole while others write to the terminal. */
  readonly footer?: Footer
}

/** The lines of a stream. Its failure is its end. */
export const linesOf = (readable: Readable): Stream.Stream<string> =>
  Stream.suspend(() => {
    const buffer = new LineBuffer(lineLimitBytes)
    return NodeStream.fromReadable<Uint8Array>({ evaluate: () => readable, closeOnDone: false }).pipe(
      Stream.flatMap((bytes) => Stream.fromArray(buffer.push(bytes))),
      Stream.concat(Stream.suspend(() => Stream.fromArray(buffer.end()))),
      Stream.catch(() => Stream.empty)
    )
  })

/** Writes a text and the end of its line; goes on when it has been handed over. */
export const printTo =
  (writable: Writable) =>
  (text: string): Effect.Effect<void> =>
    Effect.callback<void>((resume) => {
      writable.write(`${text}\n`, () => resume(Effect.void))
    })

/** Whether another process group has the terminal; without job control none has. */
export const isInBackground = (): boolean => {
  try {
    if (process.platform === "linux") {
      // After the name in parentheses: state, parent, group, session, terminal, the group that has the terminal.
      const fields = readFileSync("/proc/self/stat", "latin1")
        .replace(/^.*\) /s, "")
        .split(" ")
      return Number(fields[5]) > 0 && fields[5] !== fields[2]
    }
    if (process.platform === "win32") return false
    return !execFileSync("ps", ["-o", "stat=", "-p", String(process.pid)], { encoding: "latin1" }).includes("+")
  } catch {
    return false
  }
}

const isPlain = (): boolean => {
  try {
    const stat = fstatSync(0)
    return stat.isFIFO() || stat.isFile() || stat.isSocket()
  } catch {
    return false
  }
}

const openEditor = Effect.gen(function* (): Effect.fn.Return<Terminal, never, Scope.Scope> {
  const output = process.stdout
  const queue = yield* Queue.make<string, Cause.Done>()
  const editor = yield* Effect.acquireRelease(
    Effect.sync(() =>
      createInterface({
        input: process.stdin,
        output,
        terminal: true,
        prompt: "parlance> ",
        historySize: 1000,
        removeHistoryDuplicates: true
      })
    ),
    (editor) => Effect.sync(() => editor.close())
  )
  let isOpen = true
  let isAway = false
  let hiddenRows = 0
  // A job that has been stopped may go on in the background, and be brought back without a signal.
  const comeBack = () => {
    if (!isAway || isInBackground()) return
    isAway = false
    process.off("SIGCONT", comeBack)
    process.stdin.setRawMode(true)
    editor.prompt(true)
  }
  const footer: Footer = {
    hide: () => {
      if (!isOpen) return
      comeBack()
      if (isAway) return
      hiddenRows = editor.getCursorPos().rows
      moveCursor(output, 0, -hiddenRows)
      cursorTo(output, 0)
      clearScreenDown(output)
    },
    show: () => {
      if (!isOpen || isAway) return
      // The editor takes the cursor to be as far below its first row as it was, and goes up from there.
      output.write("\n".repeat(hiddenRows))
      editor.prompt(true)
    }
  }
  editor.on("line", (line) => {
    Queue.offerUnsafe(queue, line)
    editor.prompt()
  })
  editor.on("close", () => {
    isOpen = false
    process.off("SIGCONT", comeBack)
    output.write("\n")
    Queue.endUnsafe(queue)
  })
  // A terminal that is being edited sends no signal.
  editor.on("SIGINT", () => void process.kill(process.pid, "SIGINT"))
  editor.on("SIGTSTP", () => {
    isAway = true
    process.on("SIGCONT", comeBack)
    editor.pause()
    process.stdin.setRawMode(false)
    process.kill(0, "SIGTSTP")
  })
  editor.prompt()
  return {
    footer,
    lines: Stream.fromQueue(queue),
    print: (text) =>
      Effect.sync(() => {
        footer.hide()
        output.write(`${text}\n`)
        footer.show()
      }),
    clear: () => {
      output.write("\u001b[2J\u001b[H")
      editor.prompt(true)
    }
  }
})

/** Opens the terminal or pipe until the scope ends; undefined if there is nothing to read. */
export const open: Effect.Effect<Terminal | undefined, never, Scope.Scope> = Effect.gen(function* () {
  if (isatty(0)) {
    if (isInBackground()) return undefined
    if (isatty(1) && !isDumb) return yield* openEditor
  } else if (!isPlain()) {
    return undefined
  }
  return { lines: linesOf(process.stdin), print: printTo(process.stdout) }
})

/** Serves the console on the terminal until that ends, which does not end the server. */
export const serve = Effect.fn("ConsoleTerminal.serve")(function* (
  console: Console
): Effect.fn.Return<void, never, Logging | Scope.Scope> {
  const logging = yield* Logging
  const terminal = yield* open
  if (terminal === undefined) return
  const { footer } = terminal
  if (footer !== undefined) {
    yield* Effect.acquireRelease(
      Effect.sync(() => logging.keep(footer)),
      (release) => Effect.sync(release)
    )
  }
  yield* console.serve(terminal)
  if (footer !== undefined) {
    yield* terminal.print("The console is closed, the server goes on; `parlance console` opens another")
  }
}, Effect.scoped)
