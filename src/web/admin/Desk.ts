/** What the operator sees, and what became of it. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals"
import type { Ban, Bot, OperatorRoom, Peer, Refusal, Stats } from "../../api/mod.ts"
import * as Server from "./OperatorServer.ts"

/** How many samples the charts show: five minutes. */
export const limitSamples = 300

const pollMillis = 2000
const limitLines = 500

/** A line of the console: what was typed, or what was answered. */
export interface Line {
  readonly number: number
  readonly kind: "typed" | "answered"
  readonly text: string
}

export interface Desk {
  /** Whether the server has let the operator in; "asking" until that is known. */
  readonly access: ReadonlySignal<"asking" | "out" | "in">
  /** Whether the server answers. */
  readonly isConnected: ReadonlySignal<boolean>
  readonly samples: ReadonlySignal<ReadonlyArray<typeof Stats.Type>>
  readonly peers: ReadonlySignal<ReadonlyArray<typeof Peer.Type>>
  readonly rooms: ReadonlySignal<ReadonlyArray<typeof OperatorRoom.Type>>
  readonly bans: ReadonlySignal<ReadonlyArray<typeof Ban.Type>>
  readonly bots: ReadonlySignal<ReadonlyArray<typeof Bot.Type>>
  readonly refusals: ReadonlySignal<ReadonlyArray<typeof Refusal.Type>>
  readonly lines: ReadonlySignal<ReadonlyArray<Line>>
  /** Looks whether there is a login, and begins if so. */
  readonly begin: () => Promise<void>
  /** Gives why it was refused. */
  readonly logIn: (token: string) => Promise<string | undefined>
  readonly logOut: () => Promise<void>
  /** Does something, and looks again. Gives why it was refused. */
  readonly act: (what: () => Promise<unknown>) => Promise<string | undefined>
  /** Carries out a line of the console. */
  readonly type: (line: string) => Promise<void>
}

const sentences: Readonly<Record<string, string>> = {
  Unauthorized: "This is not the token.",
  OriginForeign: "The server knows itself by another address than this page; see --public-url.",
  NoSuchPeer: "This peer has gone.",
  NoSuchBan: "This address is not banned.",
  NotAnAddress: "This is no IP address.",
  NoConsole: "The program in which this server runs has no console.",
  NameInvalid: "A name has 1 to 64 characters.",
  NameReserved: "This name is reserved.",
  BotExists: "There is a bot of this name.",
  StorageFailed: "The server cannot store this now.",
  RequestInvalid: "This is not what the server expects."
}

/** Why something was refused, in words. */
const explain = (error: unknown): string => {
  if (!(error instanceof Server.Refused)) return "The server does not answer."
  if (error.code === "TooManyRequests") return `Too many tries; wait ${Math.ceil(error.retryAfterMillis / 1000)} s.`
  return sentences[error.code] ?? `The server has refused this (${error.status} ${error.code}).`
}

export const make = (): Desk => {
  const access = signal<"asking" | "out" | "in">("asking")
  const isConnected = signal(true)
  const samples = signal<ReadonlyArray<typeof Stats.Type>>([])
  const peers = signal<ReadonlyArray<typeof Peer.Type>>([])
  const rooms = signal<ReadonlyArray<typeof OperatorRoom.Type>>([])
  const bans = signal<ReadonlyArray<typeof Ban.Type>>([])
  const bots = signal<ReadonlyArray<typeof Bot.Type>>([])
  const refusals = signal<ReadonlyArray<typeof Refusal.Type>>([])
  const lines = signal<ReadonlyArray<Line>>([])
  let stop: (() => void) | undefined
  let lastLine = 0

  const leave = (): void => {
    stop?.()
    stop = undefined
    samples.value = []
    lines.value = []
    access.value = "out"
  }

  const noticed = (error: unknown): void => {
    const isOut = error instanceof Server.Refused && error.status === 401
    if (isOut) leave()
    else if (!(error instanceof Server.Refused)) isConnected.value = false
  }

  const look = async (): Promise<void> => {
    const into = async <A>(target: Signal<A>, ask: () => Promise<A>) => {
      target.value = await ask()
    }
    try {
      await Promise.all([
        into(peers, Server.peers),
        into(rooms, Server.rooms),
        into(bans, Server.bans),
        into(bots, Server.bots),
        into(refusals, Server.refusals)
      ])
      isConnected.value = true
    } catch (error) {
      noticed(error)
    }
  }

  const take = (stats: typeof Stats.Type): void => {
    isConnected.value = true
    const known = samples.value
    // A stream that has begun anew repeats what is known; a server that has, counts anew.
    const isKnown = ({ atMillis, uptimeMillis }: typeof Stats.Type) =>
      atMillis === stats.atMillis && uptimeMillis === stats.uptimeMillis
    if (known.some(isKnown)) return
    samples.value = [...known.slice(1 - limitSamples), stats]
  }

  const enter = (): void => {
    access.value = "in"
    const unwatch = Server.watchStats(take, () => {
      isConnected.value = false
    })
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void look()
    }, pollMillis)
    stop = () => {
      unwatch()
      clearInterval(timer)
    }
    void look()
  }

  const begin = async (): Promise<void> => {
    try {
      await Server.stats()
      enter()
    } catch {
      access.value = "out"
    }
  }

  const act = async (what: () => Promise<unknown>): Promise<string | undefined> => {
    try {
      await what()
      await look()
      return undefined
    } catch (error) {
      noticed(error)
      return explain(error)
    }
  }

  const print = (kind: Line["kind"], text: string): void => {
    if (text !== "") lines.value = [...lines.value.slice(1 - limitLines), { number: ++lastLine, kind, text }]
  }

  return {
    access,
    isConnected,
    samples,
    peers,
    rooms,
    bans,
    bots,
    refusals,
    lines,
    begin,
    logIn: async (token) => {
      try {
        await Server.logIn(token)
        enter()
        return undefined
      } catch (error) {
        return explain(error)
      }
    },
    logOut: async () => {
      await Server.logOut().catch(() => {})
      leave()
    },
    act,
    type: async (line) => {
      print("typed", line)
      const refusal = await act(async () => {
        const { answer, isCleared } = await Server.command(line)
        if (isCleared) lines.value = []
        print("answered", answer)
      })
      if (refusal !== undefined) print("answered", refusal)
    }
  }
}
