#!/usr/bin/env node
/**
 * Runs the server; a Node.js that is too old has the one in `node_modules` run it.
 *
 * - Nothing here needs a recent Node.js, so that an old one gets as far as the hand-over.
 * - What is compiled is kept in the folder for temporary files, so that the next start takes a quarter less time.
 * - A signal that comes before the server listens for signals is kept: the start is given up, with exit code 0.
 * - The handed-over process stops when its parent is gone, however that ended.
 */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import module from "node:module"
import { constants } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const leastMajor = 24
const script = fileURLToPath(import.meta.url)
const argv = process.argv.slice(2)
const handedOver = "PARLANCE_HANDED_OVER"
/** When what was compiled is kept; whoever ends in good order before does it then. */
const keepCompiledMillis = 2000
const stopSignals: ReadonlyArray<NodeJS.Signals> = ["SIGINT", "SIGTERM", "SIGHUP"]

const start = async (): Promise<void> => {
  const giveUp = () => process.exit(0)
  for (const signal of stopSignals) process.on(signal, giveUp)
  if (process.env[handedOver] !== undefined) {
    delete process.env[handedOver]
    process.once("disconnect", () => process.kill(process.pid, "SIGTERM"))
    process.send?.("started")
  }
  module.enableCompileCache()
  const Program = await import("./app/Program.ts")
  Program.run(argv)
  setTimeout(() => module.flushCompileCache(), keepCompiledMillis).unref()
  for (const signal of stopSignals) process.off(signal, giveUp)
}

const findNode = (folder: string): string | undefined => {
  const node = join(folder, "node_modules", ".bin", "node")
  if (existsSync(node)) return node
  const parent = dirname(folder)
  return parent === folder ? undefined : findNode(parent)
}

const fail = (reason: string): void => {
  process.stderr.write(`${reason}\n`)
  process.exitCode = 1
}

const handOver = (node: string): void => {
  const early: Array<NodeJS.Signals> = []
  let pass = (signal: NodeJS.Signals): unknown => early.push(signal)
  let hasStarted = false
  for (const signal of [...stopSignals, "SIGUSR2"] as const) process.on(signal, () => pass(signal))
  const child = spawn(node, [...process.execArgv, script, ...argv], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, [handedOver]: "1" }
  })
  child.once("message", () => {
    hasStarted = true
    pass = (signal) => child.kill(signal)
    for (const signal of early) pass(signal)
  })
  child.once("error", (error) => fail(`Cannot start ${node}: ${error.message}`))
  child.once("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    // Ctrl-C reaches the child too, which may not have been there yet to take it.
    const isStop = !hasStarted && early.includes(signal) && stopSignals.includes(signal)
    process.exit(isStop ? 0 : 128 + constants.signals[signal])
  })
}

if (Number.parseInt(process.versions.node, 10) >= leastMajor) {
  await start()
} else {
  const node = process.env[handedOver] === undefined ? findNode(dirname(script)) : undefined
  if (node === undefined) {
    const isProject = existsSync(join(dirname(script), "..", "package-lock.json"))
    const advice = isProject ? `; run "npm ci" to install one here` : ""
    fail(`Node.js >= ${leastMajor} is required, this is ${process.version}${advice}`)
  } else {
    handOver(node)
  }
}
