/** Runs an example of `scratchpad` as a program of its own, with the sources of the package instead of its build. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"

/** How a program has ended. */
export interface Ended {
  readonly code: number
  readonly lines: ReadonlyArray<string>
  readonly errors: string
}

/** Runs `scratchpad/<name>.ts`, for at most a minute, after which its code is -1. */
export const run = (name: string): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const file = fileURLToPath(new URL(`../../scratchpad/${name}.ts`, import.meta.url))
    const options = ["--conditions=parlance-source", "--disable-warning=ExperimentalWarning", file]
    const child = execFile(process.execPath, options, { timeout: 60_000 }, (error, stdout, errors) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1
      resume(Effect.succeed({ code, lines: stdout.split("\n").slice(0, -1), errors }))
    })
    return Effect.sync(() => child.kill())
  })
