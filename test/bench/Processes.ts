/**
 * The processes of a run, each on its core.
 *
 * - All of them are killed when the run ends, however it ends.
 * - What the kernel counts for a process is read from `/proc`; elsewhere it is `undefined` and the table says so.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
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

/** What is run: Node, unless a command says otherwise. */
export interface Program {
  readonly command?: string
  readonly args: ReadonlyArray<string>
  /** Besides those of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a program on one core: 0 for servers, 1 for loads. Of other commands than Node standard error is output, too. */
export const run = (core: 0 | 1, { args, command, env }: Program): ChildProcess => {
  const pin = canPin ? ["taskset", "-c", String(core)] : []
  const isNode = command === undefined
  // `exec`, so that the process is the program itself.
  const merged = isNode ? [] : ["sh", "-c", 'exec "$0" "$@" 2>&1']
  const [first = "", ...rest] = [...pin, ...merged, command ?? process.execPath, ...args]
  const child = spawn(first, rest, {
    cwd: root,
    stdio: ["ignore", "pipe", isNode ? "inherit" : "ignore"],
    env: { ...process.env, ...env }
  })
  running.add(child)
  child.once("exit", () => running.delete(child))
  return child
}

/** Runs Node on one core. */
export const node = (core: 0 | 1, args: ReadonlyArray<string>): ChildProcess => run(core, { args })

/** Whether a command can be run. */
export const isInstalled = (command: string): boolean => {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

/** Kills a process and waits for its end, so that it costs the next one nothing. */
export const kill = (child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once("exit", () => resolve())
    child.kill(signal)
  })

/** Kills whatever still runs. */
export const killAll = (): void => {
  for (const child of running) child.kill("SIGKILL")
}

/**
 * The first line that a process prints which matches; fails when it ends before, or says nothing for a minute. Listens from
 * the call on.
 */
export const firstLine = (child: ChildProcess, pattern = /^/, patienceMillis = 60_000): Promise<string> =>
  new Promise((resolve, reject) => {
    let rest = ""
    const settle = (act: () => void) => {
      clearTimeout(timeout)
      child.off("exit", onExit)
      // It goes on reading, lest the process wait for somebody who does.
      child.stdout?.off("data", read)
      act()
    }
    const onExit = (code: number | null) => settle(() => reject(new Error(`A process ended with ${code}: ${rest}`)))
    const read = (text: string): void => {
      const lines = (rest + text).split("\n")
      rest = lines.pop() ?? ""
      const found = lines.find((line) => pattern.test(line))
      if (found !== undefined) settle(() => resolve(found))
    }
    const timeout = setTimeout(() => settle(() => reject(new Error("A process waits for ever"))), patienceMillis)
    child.once("exit", onExit)
    child.stdout?.setEncoding("utf8").on("data", read).resume()
  })

const proc = (pid: number | "self", name: string): string | undefined => {
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

/** Of the threads that a process has now, in nanoseconds; undefined where the kernel keeps no such count. */
const threadSeconds = (pid: number): number | undefined => {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const nanos = threads.map((thread) => Number(proc(pid, `task/${thread}/schedstat`)?.split(" ")[0] ?? 0))
    const sum = nanos.reduce((total, it) => total + it, 0)
    return sum === 0 ? undefined : sum / 1e9
  } catch {
    return undefined
  }
}

/** In ticks of the kernel, which are 10 ms. */
const tickSeconds = (pid: number): number | undefined => {
  const fields = proc(pid, "stat")?.split(") ")[1]?.split(" ")
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / 100
}

/** What a process has used so far. */
export const usage = (pid: number): Usage => {
  const io = proc(pid, "io")
  return {
    cpuSeconds: threadSeconds(pid) ?? tickSeconds(pid),
    writes: numberIn(io, /syscw: (\d+)/),
    writtenBytes: numberIn(io, /wchar: (\d+)/)
  }
}

/** The resident memory of a process. */
export const residentBytes = (pid: number): number | undefined => {
  const kibibytes = numberIn(proc(pid, "status"), /VmRSS:\s+(\d+)/)
  return kibibytes === undefined ? undefined : kibibytes * 1024
}

/** What the kernel holds in its own memory, and in the buffers of TCP sockets, for all processes together. */
export const kernelBytes = (): number | undefined => {
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(path, "latin1")
    } catch {
      return undefined
    }
  }
  const slab = numberIn(read("/proc/meminfo"), /Slab:\s+(\d+)/)
  const pages = numberIn(read("/proc/net/sockstat"), /TCP:.* mem (\d+)/)
  return slab === undefined || pages === undefined ? undefined : slab * 1024 + pages * 4096
}

/** What the kernel holds of what was sent to a TCP port of this machine and has not been taken. */
export const unreadBytes = (port: number): number => {
  const digits = `:${port.toString(16).toUpperCase().padStart(4, "0")} `
  const row = (proc("self", "net/tcp") ?? "").split("\n").find((it) => it.slice(0, 33).endsWith(digits.trim()))
  return row === undefined ? 0 : Number.parseInt(row.trim().split(/\s+/)[4]?.split(":")[0] ?? "0", 16)
}
