/**
 * The processes of a run, each on its core.
 *
 * - All of them are killed when the run ends, however it ends.
 * - What the kernel counts for a process is read from `/proc`; elsewhere it is `undefined` and the table says so.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))
const running = new Set<ChildProcess>()

/** The path of a program of this folder. */
export const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Whether processes can be kept on one core each. */
export const canPin = ((): boolean => {
  try {
    execFileSync("taskset", ["-c", "0,1", "true"], { stdio: "ignore" })
    return availableParallelism() > 1
  } catch {
    return false
  }
})()

/** Builds the server, or throws. */
export const build = (): void => {
  execFileSync("npm", ["run", "-s", "build"], { cwd: root, stdio: "inherit", timeout: 60_000 })
}

/** Runs Node on one core: 0 for servers, 1 for loads. */
export const node = (core: 0 | 1, args: ReadonlyArray<string>): ChildProcess => {
  const [command = "", ...rest] = [...(canPin ? ["taskset", "-c", String(core)] : []), process.execPath, ...args]
  const child = spawn(command, rest, { cwd: root, stdio: ["ignore", "pipe", "inherit"] })
  running.add(child)
  child.once("exit", () => running.delete(child))
  return child
}

/** Kills a process and waits for its end, so that it costs the next one nothing. */
export const kill = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once("exit", () => resolve())
    child.kill("SIGKILL")
  })

/** Kills whatever still runs. */
export const killAll = (): void => {
  for (const child of running) child.kill("SIGKILL")
}

/** The first line that a process prints; fails when it ends before, or says nothing for a minute. */
export const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = ""
    const timeout = setTimeout(() => reject(new Error("A process said nothing for a minute")), 60_000)
    const settle = (act: () => void) => {
      clearTimeout(timeout)
      child.off("exit", onExit)
      act()
    }
    const onExit = (code: number | null) =>
      settle(() => reject(new Error(`A process ended with ${code} before it said anything`)))
    child.once("exit", onExit)
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const hadLine = said.includes("\n")
      said += text
      if (!hadLine && said.includes("\n")) settle(() => resolve(said.slice(0, said.indexOf("\n"))))
    })
  })

const proc = (pid: number, name: string): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1")
  } catch {
    return undefined
  }
}

const numberIn = (text: string | undefined, pattern: RegExp): number | undefined => {
  const found = text === undefined ? null : pattern.exec(text)
  return found === null ? undefined : Number(found[1])
}

/** What a process has used since it began. */
export interface Usage {
  readonly cpuSeconds: number | undefined
  readonly writes: number | undefined
  readonly writtenBytes: number | undefined
}

/** What a process has used so far; ticks of the kernel are 10 ms. */
export const usage = (pid: number): Usage => {
  const fields = proc(pid, "stat")?.split(") ")[1]?.split(" ")
  const io = proc(pid, "io")
  return {
    cpuSeconds: fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / 100,
    writes: numberIn(io, /syscw: (\d+)/),
    writtenBytes: numberIn(io, /wchar: (\d+)/)
  }
}

/** The resident memory of a process. */
export const residentBytes = (pid: number): number | undefined => {
  const kibibytes = numberIn(proc(pid, "status"), /VmRSS:\s+(\d+)/)
  return kibibytes === undefined ? undefined : kibibytes * 1024
}
