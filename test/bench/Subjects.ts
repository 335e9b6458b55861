/** What is measured: servers, and where they listen. */
import type { ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { LanguageName } from "./Languages.ts"
import { file, firstLine, isInstalled, kill, node, type Program, run } from "./Processes.ts"

/** A language that a server understands, and what in its first line tells the port. */
export interface Spoken {
  readonly language: LanguageName
  readonly port: RegExp
}

export interface Subject {
  readonly name: string
  readonly spoken: ReadonlyArray<Spoken>
  /** The folder of the build that is run; a server that is not ours has none. */
  readonly build?: string
  readonly program: (place: Place) => Program
  /** The line of output that says that it listens; the first one, unless told otherwise. */
  readonly ready?: RegExp
}

/** Where a server is started. */
export interface Place {
  /** An empty folder of its own. */
  readonly dir: string
  /** A port that is free. */
  readonly port: number
  /** The subject's. */
  readonly build: string
}

/** A server that listens. */
export interface Listening {
  readonly server: ChildProcess
  readonly pid: number
  /** The port of the first language. */
  readonly port: string
  readonly ports: ReadonlyArray<{ readonly language: LanguageName; readonly port: number }>
  /** Kills it and deletes what it has stored. */
  readonly stop: () => Promise<void>
}

/** What else a server is given. */
export interface Options {
  /** Of Node. */
  readonly node?: ReadonlyArray<string>
  readonly args?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

const dataDir = mkdtempSync(join(tmpdir(), "parlance-bench-"))

/** Deletes what the servers have stored. */
export const cleanUp = (): void => rmSync(dataDir, { recursive: true, force: true })

const ports = ["toss", "chatmaster", "tsockm", "packet", "http"].map((name) => `--${name}-port=0`)

/** The server, as it is started. Sessions of packet may be silent for longer than usual, as some loads are. */
export const parlance: Subject = {
  name: "parlance",
  spoken: [],
  build: "dist",
  program: ({ build, dir }) => ({
    args: [
      join(build, "main.js"),
      "--flood-rate=0",
      "--pacing=off",
      "--session-timeout=10m",
      `--data-dir=${dir}`,
      ...ports
    ]
  })
}

const bare = (name: string, ...args: ReadonlyArray<string>): Subject => ({
  name,
  spoken: [{ language: "line", port: /127\.0\.0\.1:(\d+)/ }],
  program: () => ({ args })
})

export const perTurn = bare("bare Node, a write per turn", file("Floor.ts"), "turn")
export const perMessage = bare("bare Node, a write per message", file("Floor.ts"), "message")
export const plain: Subject = {
  ...bare("plain socket.io", file("SocketIoFloor.ts")),
  spoken: [{ language: "sockets", port: /127\.0\.0\.1:(\d+)/ }]
}
export const pipe = bare("bare Node pipe", file("PipeFloor.ts"))
export const datagrams = bare("bare Node datagrams", file("DatagramFloor.ts"))

const nats: Subject = {
  name: "nats-server",
  spoken: [{ language: "nats", port: /connections on 127\.0\.0\.1:(\d+)/ }],
  program: () => ({ command: "nats-server", args: ["-a", "127.0.0.1", "-p", "-1"] }),
  ready: /Listening for client connections/
}

// Without its limits, and without the penalty for those who say much.
const ngircdSettings = (port: number): string => `
[Global]
Name = bench.local
Info = bench
Listen = 127.0.0.1
Ports = ${port}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
`

const ngircd: Subject = {
  name: "ngircd",
  spoken: [{ language: "irc", port: /Now listening on \[127\.0\.0\.1\]:(\d+)/ }],
  program: ({ dir, port }) => {
    const settings = join(dir, "ngircd.conf")
    writeFileSync(settings, ngircdSettings(port))
    return { command: "ngircd", args: ["-n", "-f", settings] }
  },
  ready: /Now listening/
}

/** Chat servers that are not written in Node, if they are installed. */
export const others: ReadonlyArray<Subject> = [nats, ngircd].filter(({ name }) => isInstalled(name))

/** What answers a packet of one size with one of another. */
export const echo = (carrier: "tcp" | "udp", bytes: { readonly request: number; readonly response: number }): Subject =>
  bare("bare Node echo", file("ChunkFloor.ts"), carrier, String(bytes.request), String(bytes.response))

/** The same server with other settings. */
export const withOptions = (subject: Subject, name: string, options: Options): Subject => ({
  ...subject,
  name,
  program: (place) => {
    const { args, env, ...rest } = subject.program(place)
    return {
      ...rest,
      args: [...(options.node ?? []), ...args, ...(options.args ?? [])],
      env: { ...env, ...options.env }
    }
  }
})

const served = (name: string, ...spoken: ReadonlyArray<Spoken>): Subject => ({
  ...withOptions(parlance, name, { args: ["--log-level=none"] }),
  spoken
})

const over = (language: LanguageName, carrier: string): Spoken => ({
  language,
  port: new RegExp(`${language} ${carrier}:[^,]*:(\\d+)`)
})

export const tsockm = served("tsockm", over("tsockm", "tcp"))
export const chatmaster = served("chatmaster (stream)", over("chatmaster", "tcp"))
export const packet = served("packet (TCP)", over("packet", "tcp"))
export const toss = served("toss", over("toss", "tcp"))
export const sockets = served("sockets (websocket)", over("sockets", "http"))
export const packetDatagrams = served("packet (UDP)", over("packet", "udp"))

/** The protocols of streams. */
export const streams = [tsockm, chatmaster, packet, toss, sockets] as const

/** All of them in one room; the last member speaks the last of them. */
export const mixed = served(
  "mixed, 40 of each",
  ...[tsockm, toss, sockets, packet, chatmaster].flatMap((it) => it.spoken)
)

/** The same server with its history in memory, where delivery alone is measured. */
export const inMemory = (subject: Subject): Subject =>
  withOptions(subject, subject.name, { env: { PARLANCE_STORAGE: "memory" } })

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return address !== null && typeof address === "object" ? address.port : 0
}

const placeOf = async ({ build = "" }: Subject): Promise<Place> => ({
  dir: mkdtempSync(join(dataDir, "run-")),
  port: await freePort(),
  build
})

/** The program of a subject, with a place of its own. */
export const programOf = async (subject: Subject): Promise<Program> => subject.program(await placeOf(subject))

/** Starts a server. */
export const listen = async (subject: Subject): Promise<Listening> => {
  const place = await placeOf(subject)
  const server = run(0, subject.program(place))
  const line = await firstLine(server, subject.ready)
  const ports = subject.spoken.map(({ language, port }) => ({ language, port: Number(port.exec(line)?.[1]) }))
  if (ports.some(({ port }) => Number.isNaN(port)) || server.pid === undefined) {
    throw new Error(`Cannot find the ports of ${subject.name} in: ${line}`)
  }
  const stop = async (): Promise<void> => {
    await kill(server)
    rmSync(place.dir, { recursive: true, force: true })
  }
  return { server, pid: server.pid, port: String(ports[0]?.port), ports, stop }
}

const patienceMillis = 150_000

/** Runs a load against a fresh server, and gives what it reports. */
export const loaded = async <Report>(
  subject: Subject,
  load: (listening: Listening) => ReadonlyArray<string>
): Promise<Report> => {
  const listening = await listen(subject)
  const process = node(1, load(listening))
  const report = JSON.parse(await firstLine(process, undefined, patienceMillis)) as Report
  await kill(process)
  await listening.stop()
  return report
}
