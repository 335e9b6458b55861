/**
 * Clients of TsockM that read as the originals of four generations do, with all their weaknesses.
 *
 * - One read is one packet. Behind a message, and where they know of it behind the news of who has gone, the next read is
 *   taken for the answer to who that is, whatever it is.
 * - What ends an original or makes it leave ends it here, which `state` tells.
 * - Every request goes by a connection of its own, which is closed without a look at what comes back.
 */
import { Effect, type Scope } from "effect"
import { connect, type Socket } from "node:net"
import { closedOf } from "./Clients.ts"

/** The first public terminal client, the one of 0.1.0, the graphical ones of 0.4.8 and of the last version. */
export type Original = "seed" | "0.1.0" | "0.4.8" | "head"

/** The originals, in the order in which they came out. */
export const originals: ReadonlyArray<Original> = ["seed", "0.1.0", "0.4.8", "head"]

/** How it goes on: it left when it was told to, or as a fault of what it read makes it. */
export type State = "alive" | "left" | "dead"

export interface TsockmClient {
  readonly say: (text: string) => Effect.Effect<void>
  /** What the user types to leave. */
  readonly exit: Effect.Effect<void>
  /** Goes away without a word. */
  readonly crash: Effect.Effect<void>
  /** What its user has read: `name: text`, and `name has died`. */
  readonly shown: () => ReadonlyArray<string>
  /** Waits until the user has read all this. */
  readonly reads: (...lines: ReadonlyArray<string>) => Effect.Effect<void>
  readonly state: () => State
  /** Why it is not alive any more. */
  readonly why: () => string
  readonly closed: Effect.Effect<void>
}

interface Packet {
  readonly type: string
  readonly action: string
  readonly status: string
  readonly sender: string
  readonly body: string
}

const readBytes = 1024
const statuses = new Set(["200", "400", "404", "405", "502"])
const actions = new Set(["COMM", "COMM_END", "MSG", "GET_PEER", "NTFY_KILL"])

/** The name in the answer to who somebody is; terminal clients show its signature, too. */
const nameIn = (body: string): string => body.replace(/#.*$/, "")

/** Connects an original and logs in; goes on when it has read the first packet. */
export const enter = Effect.fnUntraced(function* (
  original: Original,
  url: string,
  name: string
): Effect.fn.Return<TsockmClient, never, Scope.Scope> {
  const { host, hostname, port } = new URL(url)
  const isGraphical = original === "0.4.8" || original === "head"
  const generation = original === "head" ? 8 : 7
  const shown: Array<string> = []
  const listeners = new Set<() => void>()
  let state: State = "alive"
  let why = ""
  let id: string | undefined
  let isLeaving = false
  /** What to do with the next packet, if that is taken for an answer. */
  let waiting: ((answer: Packet) => void) | undefined

  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => connect(Number(port), hostname)),
    (socket) => Effect.sync(() => socket.destroy())
  )

  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  const show = (line: string): void => {
    shown.push(line)
    changed()
  }
  const stop = (as: State, reason: string): void => {
    if (state !== "alive") return
    state = as
    why = reason
    socket.destroy()
    changed()
  }

  /** Writes a packet on a connection of its own and closes that. */
  const oneShot = (type: string, action: string, body: string): void => {
    const source = isGraphical ? `127.0.0.1:${socket.localPort}` : "client"
    const origin = generation === 8 ? "CLIENT::" : ""
    const once: Socket = connect(Number(port), hostname)
    once.on("error", () => {})
    once.end(`${type}::${action}::200::${origin}${id}::${source}::${host}::${body}`, () => once.destroy())
  }

  const leave = (as: State, reason: string): void => {
    if (state === "alive" && isGraphical) oneShot("REQ", "COMM_END", "OK")
    stop(as, reason)
  }

  const parse = (read: Buffer): Packet => {
    const fields = read.toString().split("::")
    if (generation === 8 && fields.length > 3) fields.splice(3, 1)
    const [type = "", action = "", status = "", sender = "", , , body = ""] = fields
    return { type, action, status, sender, body }
  }

  const lookUp = (target: string, found: (answer: string) => void): void => {
    waiting = ({ body }) => {
      if (original === "0.1.0" && !body.includes("#")) stop("dead", `aborted on an answer without #: ${body}`)
      else found(nameIn(body))
    }
    oneShot("REQ", "GET_PEER", target)
  }

  const end = ({ status, type }: Packet): void => {
    if (status !== "200") return
    if (original === "seed" && type !== "RES") return
    if (isGraphical && type !== "REQ" && !isLeaving) return
    stop("left", `${type} COMM_END`)
  }

  const act = (packet: Packet): void => {
    const { action, body, sender, status, type } = packet
    if (!["REQ", "RES", "ERR"].includes(type)) return leave("dead", `unknown type ${type}`)
    if (isGraphical && !actions.has(action)) return leave("dead", `${type} ${action}`)
    if (type === "ERR") return isGraphical ? undefined : stop("dead", `${type} ${action}`)
    if (isLeaving && isGraphical && status === "200") return stop("left", `${type} ${action}`)
    if (action === "COMM_END") return end(packet)
    if (action === "MSG" && type === "RES" && status === "200") {
      return lookUp(sender, (author) => show(`${author}: ${body}`))
    }
    // The seed does not know this one, which is harmless.
    if (action === "NTFY_KILL" && original !== "seed") return lookUp(body, (who) => show(`${who} has died`))
    if (action === "COMM" && type === "REQ" && !isGraphical) oneShot("RES", "COMM", "OK")
  }

  const welcome = (packet: Packet): void => {
    if (original === "seed") {
      id = packet.body
      return changed()
    }
    if (packet.status !== "200") return stop("dead", `refused: ${packet.body}`)
    if (!packet.body.includes("|")) return stop("dead", `aborted on a welcome without |: ${packet.body}`)
    id = packet.body.split("|")[0]!
    changed()
  }

  const take = (read: Buffer): void => {
    if (state !== "alive") return
    const packet = parse(read)
    if (!statuses.has(packet.status)) return stop("dead", `aborted on status ${packet.status}`)
    if (id === undefined) return welcome(packet)
    const found = waiting
    waiting = undefined
    if (found !== undefined) found(packet)
    else act(packet)
  }

  socket.on("error", () => {})
  socket.on("data", (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += readBytes) take(bytes.subarray(at, at + readBytes))
  })
  socket.on("end", () => leave("dead", "end of stream"))

  const until = (isSo: () => boolean, wanted: () => string): Effect.Effect<void> =>
    Effect.callback<void>((resume) => {
      const look = (): void => {
        if (!isSo()) return
        listeners.delete(look)
        resume(Effect.void)
      }
      listeners.add(look)
      look()
    }).pipe(
      Effect.timeout("10 seconds"),
      Effect.catch(() =>
        Effect.die(`${name} (${original}, ${state} ${why}) did not get ${wanted()}: ${shown.join(" | ")}`)
      )
    )

  const origin = generation === 8 ? "CLIENT::" : ""
  socket.write(`REQ::COMM::200::${origin}client::client::${host}::${name}`)
  yield* until(
    () => id !== undefined || state !== "alive",
    () => "a welcome"
  )
  return {
    say: (text) => Effect.sync(() => oneShot("REQ", "MSG", text)),
    exit: Effect.sync(() => {
      isLeaving = true
      oneShot("REQ", "COMM_END", isGraphical ? "OK" : "")
    }),
    crash: Effect.sync(() => stop("left", "crashed")),
    shown: () => shown,
    reads: (...lines) => {
      const missing = () => lines.filter((line) => !shown.includes(line))
      return until(
        () => missing().length === 0,
        () => missing().join(" | ")
      )
    },
    state: () => state,
    why: () => why,
    closed: closedOf(socket)
  }
})
