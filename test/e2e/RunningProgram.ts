/** The program as a process of its own. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** A folder that goes with the scope. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parlance-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Starts the program on free ports, with a folder of its own and without limits to floods; goes on when it listens. */
export const start = Effect.fnUntraced(function* (...flags: ReadonlyArray<string>) {
  return yield* startIn(yield* folder, ...flags)
})

/** The same in a folder that is there. */
export const startIn = Effect.fnUntraced(function* (folder: string, ...flags: ReadonlyArray<string>) {
  const ports = [
    "--toss-port",
    "0",
    "--tsockm-port",
    "0",
    "--chatmaster-port",
    "0",
    "--packet-port",
    "0",
    "--http-port",
    "0"
  ]
  const quiet = ["--flood-rate", "0", "--log-level", "none", "--data-dir", folder]
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [main, ...ports, ...quiet, ...flags], { stdio: ["ignore", "pipe", "inherit"] })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const line = yield* Effect.callback<string>((resume) => {
    child.stdout.setEncoding("utf8").once("data", (text: string) => resume(Effect.succeed(text)))
  })
  return {
    child,
    folder,
    url: (protocol: string): string => new RegExp(`${protocol} (\\S+?)(,|\\s)`).exec(line)![1]!,
    exit: Effect.callback<{ readonly code: number | null; readonly signal: string | null }>((resume) => {
      if (child.exitCode !== null) resume(Effect.succeed({ code: child.exitCode, signal: child.signalCode }))
      else child.once("exit", (code, signal) => resume(Effect.succeed({ code, signal })))
    })
  }
})
