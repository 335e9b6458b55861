/** What is measured: servers, and where they listen. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ChildProcess } from "node:child_process"
import { file, firstLine, kill, node } from "./Processes.ts"

export interface Subject {
  readonly name: string
  readonly language: "line" | "chatmaster" | "sockets" | "packet" | "toss"
  readonly server: ReadonlyArray<string>
  readonly port: RegExp
}

/** A server that listens. */
export interface Listening {
  readonly server: ChildProcess
  readonly port: string
  readonly pid: number
}

const dataDir = mkdtempSync(join(tmpdir(), "parlance-bench-"))

/** Deletes what the servers have stored. */
export const cleanUp = (): void => rmSync(dataDir, { recursive: true, force: true })

const ports = ["--toss-port=0", "--chatmaster-port=0", "--tsockm-port=off", "--packet-port=0", "--http-port=0"]

/** The server, as it is started. */
export const parlance = ["dist/main.js", "--flood-rate=0", "--pacing=off", `--data-dir=${dataDir}`, ...ports]
const quiet = [...parlance, "--log-level=none"]

const bare = (name: string, ...server: ReadonlyArray<string>): Subject => ({
  name,
  language: "line",
  server,
  port: /127\.0\.0\.1:(\d+)/
})

export const perTurn = bare("bare Node, a write per turn", file("Floor.ts"), "turn")
export const perMessage = bare("bare Node, a write per message", file("Floor.ts"), "message")
export const plain: Subject = { ...bare("plain socket.io", file("SocketIoFloor.ts")), language: "sockets" }
export const pipe = bare("bare Node pipe", file("PipeFloor.ts"))
export const datagrams = bare("bare Node datagrams", file("DatagramFloor.ts"))

/** What answers a packet of one size with one of another. */
export const echo = (carrier: "tcp" | "udp", bytes: { readonly request: number; readonly response: number }): Subject =>
  bare("bare Node echo", file("ChunkFloor.ts"), carrier, String(bytes.request), String(bytes.response))

const served = (name: string, language: Subject["language"], port: RegExp): Subject => ({
  name,
  language,
  server: quiet,
  port
})

export const chatmaster = served("chatmaster (stream)", "chatmaster", /chatmaster tcp:[^,]*:(\d+)/)
export const sockets = served("sockets (websocket)", "sockets", /sockets http:[^,]*:(\d+)/)
export const toss = served("toss", "toss", /toss tcp:[^,]*:(\d+)/)
export const packet = served("packet (TCP)", "packet", /packet tcp:[^,]*:(\d+)/)
export const packetDatagrams = served("packet (UDP)", "packet", /packet udp:[^,]*:(\d+)/)

/** Starts a server. */
export const listen = async (subject: Subject, options: ReadonlyArray<string> = []): Promise<Listening> => {
  const server = node(0, [...subject.server, ...options])
  const line = await firstLine(server)
  const port = subject.port.exec(line)?.[1]
  if (port === undefined || server.pid === undefined) throw new Error(`Cannot find the port in: ${line}`)
  return { server, port, pid: server.pid }
}

/** Runs a load against a fresh server, and gives what it reports. */
export const loaded = async <Report>(
  subject: Subject,
  load: (listening: Listening) => ReadonlyArray<string>
): Promise<Report> => {
  const listening = await listen(subject)
  const process = node(1, load(listening))
  const report = JSON.parse(await firstLine(process)) as Report
  await kill(process)
  await kill(listening.server)
  return report
}
