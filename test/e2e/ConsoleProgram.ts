/** Programs with a console: on pipes, and in a terminal of tmux. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** A folder for as long as the scope lasts. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parlance-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** The arguments of Node.js for a server on free ports. */
export const server = (dataDir: string, ...flags: ReadonlyArray<string>): ReadonlyArray<string> => {
  const ports = ["toss", "tsockm", "chatmaster", "packet", "http"].flatMap((name) => [`--${name}-port`, "0"])
  return [main, ...ports, "--flood-rate", "0", "--data-dir", dataDir, ...flags]
}

/** The arguments of Node.js for the console of a server. */
export const client = (dataDir: string): ReadonlyArray<string> => [main, "console", "--data-dir", dataDir]

const deadlineMillis = 15_000

/** Asks every 50 milliseconds until there is an answer that is not undefined. */
const poll = <A>(what: string, ask: () => A | undefined, seen: () => string): Effect.Effect<A> =>
  Effect.gen(function* () {
    const sinceMillis = performance.now()
    while (performance.now() - sinceMillis < deadlineMillis) {
      const answer = ask()
      if (answer !== undefined) return answer
      yield* Effect.sleep("50 millis")
    }
    return yield* Effect.die(new Error(`waited for ${what} in vain:\n${seen()}`))
  })

export interface Piped {
  readonly child: ChildProcessWithoutNullStreams
  readonly stdout: () => string
  readonly stderr: () => string
  /** Waits until standard output matches. */
  readonly says: (pattern: RegExp) => Effect.Effect<RegExpExecArray>
  /** The same for standard error. */
  readonly logs: (pattern: RegExp) => Effect.Effect<RegExpExecArray>
  /** Its exit code or signal. */
  readonly exit: Effect.Effect<number | string>
}

const run = Effect.fnUntraced(function* (file: string, argv: ReadonlyArray<string>) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(file, argv)),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  let stdout = ""
  let stderr = ""
  let end: number | string | undefined
  child.stdin.on("error", () => {})
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
  child.once("close", (code, signal) => (end = code ?? signal ?? ""))
  const all = () => `${stdout}\n${stderr}`
  const piped: Piped = {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    says: (pattern) => poll(String(pattern), () => pattern.exec(stdout) ?? undefined, all),
    logs: (pattern) => poll(String(pattern), () => pattern.exec(stderr) ?? undefined, all),
    exit: poll("the end", () => end, all)
  }
  return piped
})

/** Runs Node.js on pipes for as long as the scope lasts. */
export const pipe = (argv: ReadonlyArray<string>) => run(process.execPath, argv)

/** The same by a script, in which `"$@"` is the command. */
export const shell = (script: string, argv: ReadonlyArray<string>) =>
  run("/bin/sh", ["-c", script, "sh", process.execPath, ...argv])

/** A command line for a shell. */
export const words = (argv: ReadonlyArray<string>): string =>
  [process.execPath, ...argv].map((word) => `'${word}'`).join(" ")

/** Whether there is a tmux. */
export const hasTmux = ((): boolean => {
  try {
    return execFileSync("tmux", ["-V"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }) !== ""
  } catch {
    return false
  }
})()

export interface Pane {
  /** Types text, as it is. */
  readonly type: (text: string) => void
  /** Presses a key, by tmux's name of it. */
  readonly press: (key: string) => void
  /** What is on the screen, without the blanks at the end. */
  readonly screen: () => string
  /** Waits until the screen matches. */
  readonly shows: (pattern: RegExp) => Effect.Effect<RegExpExecArray>
}

interface Size {
  readonly columns: number
  readonly rows: number
}

const open = Effect.fnUntraced(function* (command: string, { columns, rows }: Size) {
  const home = yield* folder
  const tmux = (...args: ReadonlyArray<string>): string =>
    execFileSync("tmux", ["-S", join(home, "tmux"), "-f", "/dev/null", ...args], { encoding: "utf8" })
  yield* Effect.acquireRelease(
    Effect.sync(() => tmux("new-session", "-d", "-x", String(columns), "-y", String(rows), command)),
    () => Effect.sync(() => tmux("kill-server"))
  )
  const screen = (): string => tmux("capture-pane", "-p").trimEnd()
  const pane: Pane = {
    type: (text) => void tmux("send-keys", "-l", text),
    press: (key) => void tmux("send-keys", key),
    screen,
    shows: (pattern) => poll(String(pattern), () => pattern.exec(screen()) ?? undefined, screen)
  }
  return pane
})

/** Runs Node.js in a terminal for as long as the scope lasts. Its end is shown as `ended <exit code>`. */
export const terminal = (argv: ReadonlyArray<string>, size: Size = { columns: 100, rows: 40 }) =>
  open(`${words(argv)}; echo "ended $?"; exec sleep 60`, size)

/** A terminal with a shell that has job control. */
export const shellTerminal = open("PS1='$ ' exec bash --norc --noprofile -i", { columns: 200, rows: 60 })
