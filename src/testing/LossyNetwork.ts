/**
 * A network in memory that loses, repeats and delays datagrams, as a function of a seed.
 *
 * - All chances are drawn from the seed and all time is the Clock's: under a TestClock a run can be repeated exactly.
 * - A datagram goes to whoever has its address when it arrives, as a copy.
 */
import { Clock, Effect, FiberSet, type Scope } from "effect"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import type { Link } from "../protocols/Link.ts"
import type { ByteProtocol } from "../protocols/Protocol.ts"
import { Connections } from "../transports/Connections.ts"
import * as Datagrams from "../transports/Datagrams.ts"

/** Chances that a seed decides. */
export interface Dice {
  readonly chance: (probability: number) => boolean
  /** A whole number from 0 to before `limit`. */
  readonly below: (limit: number) => number
}

/** The dice of a seed. */
export const dice = (seed: number): Dice => {
  let state = seed | 0
  /** From 0 to before 1, by mulberry32. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { chance: (probability) => next() < probability, below: (limit) => Math.floor(next() * limit) }
}

/** What the network does to datagrams; the first three are probabilities. */
export interface Conditions {
  readonly loss: number
  readonly duplication: number
  /** How likely it is that a datagram is late, by up to `lateMillis`. */
  readonly reordering: number
  readonly latencyMillis: number
  /** Every datagram takes up to so much longer. */
  readonly jitterMillis: number
  readonly lateMillis: number
}

/** A bad network: a fifth of the datagrams is lost, a tenth comes twice, a tenth is late. */
export const bad: Conditions = {
  loss: 0.2,
  duplication: 0.1,
  reordering: 0.1,
  latencyMillis: 20,
  jitterMillis: 20,
  lateMillis: 300
}

/** A network that does nothing but take time. */
export const good: Conditions = { ...bad, loss: 0, duplication: 0, reordering: 0, jitterMillis: 0 }

/** What became of a datagram. */
export interface Passage {
  /** Since the network was made. */
  readonly atMillis: number
  readonly direction: "to server" | "from server"
  /** The peer's. */
  readonly address: string
  readonly bytes: Uint8Array
  /** When it arrived: never if it was lost, twice if it was repeated. */
  readonly arrivesAtMillis: ReadonlyArray<number>
  readonly isLate: boolean
}

/** What somebody at an address sends through. */
export interface Peer {
  readonly send: (bytes: Uint8Array) => void
  /** Has another address from now on. What is on its way to the one before reaches nobody. */
  readonly move: (address: string) => void
}

/** A network with a server. */
export interface LossyNetwork {
  readonly nowMillis: () => number
  /** Takes an address, such as `192.0.2.1:4000`; what arrives there is `receive`d. */
  readonly join: (address: string, receive: (bytes: Uint8Array) => void) => Peer
  /** Does something later. */
  readonly after: (delayMillis: number, task: () => void) => void
  /** All datagrams, in the order in which they were sent. */
  readonly trace: ReadonlyArray<Passage>
  /** What was thrown where a datagram arrived or a task was done. */
  readonly defects: ReadonlyArray<unknown>
}

interface Due {
  readonly atMillis: number
  readonly task: () => void
}

/**
 * Joins a protocol of datagrams, as the server, to a network for as long as the scope lasts.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { TestClock } from "effect/testing"
 * import { Clients, LossyNetwork, Peer } from "parlance/testing"
 *
 * // How to test loss: a client says again what was not answered. The same seed loses the same datagrams, every time.
 * export const loss = Effect.gen(function* () {
 *   const protocol = yield* Clients.packet.protocol
 *   const network = yield* LossyNetwork.make(protocol, { seed: 1, conditions: { loss: 0.6 } })
 *   const answers: Array<string> = []
 *   const alice = network.join("192.0.2.1:4000", (bytes) => void answers.push(Clients.packet.read(bytes)._tag))
 *   for (let tries = 0; tries < 20 && !answers.includes("SessionCookie"); tries++) {
 *     alice.send(Clients.packet.write({ _tag: "SessionRequest", name: "alice" }))
 *     yield* TestClock.adjust("1 second")
 *   }
 *   return { answers, defects: network.defects, trace: LossyNetwork.format(network.trace) }
 * }).pipe(Effect.scoped, Effect.provide(Peer.layer()))
 * ```
 */
export const make = Effect.fn("LossyNetwork.make")(function* <Packet, Key extends object>(
  protocol: ByteProtocol<Packet, Uint8Array, Key>,
  options: { readonly seed: number; readonly conditions?: Partial<Conditions> }
): Effect.fn.Return<LossyNetwork, never, Connections | Scope.Scope> {
  const { duplication, jitterMillis, lateMillis, latencyMillis, loss, reordering } = { ...bad, ...options.conditions }
  const { below, chance } = dice(options.seed)
  const clock = yield* Clock.Clock
  const service = yield* Effect.flatMap(Connections, (connections) => connections.serve(protocol))
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const startMillis = monotonicMillis(clock)
  const receivers = new Map<string, (bytes: Uint8Array) => void>()
  const links = new Map<string, Link<Uint8Array>>()
  const trace: Array<Passage> = []
  const defects: Array<unknown> = []
  const broken = (defect: unknown) => Effect.sync(() => void defects.push(defect))
  const serve = yield* Datagrams.make(service, broken)
  /** The latest first; of those at the same time, the one that was added last. */
  const agenda: Array<Due> = []
  let wakesAtMillis = Infinity

  const nowMillis = () => monotonicMillis(clock)
  const runAlone = (effect: Effect.Effect<void>): void => {
    run(Effect.catchDefect(effect, broken))
  }

  const work = Effect.suspend(() => {
    const isEarliest = wakesAtMillis <= nowMillis()
    if (isEarliest) wakesAtMillis = Infinity
    while (agenda.length > 0 && agenda.at(-1)!.atMillis <= nowMillis()) runAlone(Effect.sync(agenda.pop()!.task))
    arm()
    return Effect.void
  })
  /** Sees to it that somebody is awake when the next task is due. */
  const arm = (): void => {
    const next = agenda.at(-1)?.atMillis ?? Infinity
    if (next >= wakesAtMillis) return
    wakesAtMillis = next
    runAlone(Effect.delay(work, next - nowMillis()))
  }
  const after = (delayMillis: number, task: () => void): void => {
    const atMillis = nowMillis() + delayMillis
    let index = agenda.length
    while (index > 0 && agenda[index - 1]!.atMillis <= atMillis) index--
    agenda.splice(index, 0, { atMillis, task })
    arm()
  }

  /** Sends a datagram on its way. The chances are drawn whether or not they matter, so that all are of equal cost. */
  const post = (
    direction: Passage["direction"],
    address: string,
    bytes: Uint8Array,
    arrive: (bytes: Uint8Array) => void
  ): void => {
    const isLost = chance(loss)
    const isRepeated = chance(duplication)
    const isLate = chance(reordering)
    const lateByMillis = 1 + below(lateMillis)
    const delayMillis = latencyMillis + below(jitterMillis + 1) + (isLate ? lateByMillis : 0)
    const repeatedMillis = latencyMillis + below(jitterMillis + lateMillis)
    const delays = isLost ? [] : isRepeated ? [delayMillis, repeatedMillis] : [delayMillis]
    const atMillis = nowMillis() - startMillis
    const content = Uint8Array.from(bytes)
    trace.push({
      atMillis,
      direction,
      address,
      bytes: content,
      arrivesAtMillis: delays.map((delay) => atMillis + delay),
      isLate: isLate && !isLost
    })
    for (const delay of delays) after(delay, () => arrive(Uint8Array.from(content)))
  }

  const linkOf = (address: string): Link<Uint8Array> => {
    const known = links.get(address)
    if (known !== undefined) return known
    const link: Link<Uint8Array> = {
      id: `udp ${address}`,
      address: address.slice(0, address.lastIndexOf(":")),
      isReliable: false,
      send: (frame) => post("from server", address, frame, (bytes) => receivers.get(address)?.(bytes))
    }
    links.set(address, link)
    return link
  }

  const join: LossyNetwork["join"] = (first, receive) => {
    let address = first
    receivers.set(address, receive)
    return {
      send: (bytes) => {
        const from = address
        post("to server", from, bytes, (copy) => runAlone(serve([{ link: linkOf(from), bytes: copy }])))
      },
      move: (next) => {
        receivers.delete(address)
        address = next
        receivers.set(address, receive)
      }
    }
  }

  return { nowMillis, join, after, trace, defects }
})

const fateOf = ({ arrivesAtMillis, isLate }: Passage): string => {
  if (arrivesAtMillis.length === 0) return "lost"
  const word = arrivesAtMillis.length > 1 ? (isLate ? "twice, late" : "twice") : isLate ? "late" : "arrives"
  return `${word} ${arrivesAtMillis.join(" and ")}`
}

/** A trace as lines of text: when it was sent, by whom to whom, what became of it, its bytes. */
export const format = (trace: ReadonlyArray<Passage>): string =>
  trace
    .map((passage) => {
      const { address, atMillis, bytes, direction } = passage
      const way = direction === "to server" ? `${address} > server` : `server > ${address}`
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
      return `${String(atMillis).padStart(7)} ms  ${way}  ${fateOf(passage)}  ${hex}`
    })
    .join("\n")
