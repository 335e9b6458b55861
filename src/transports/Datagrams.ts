/**
 * What comes in datagrams.
 *
 * - Nobody waits for what is done about one, but what comes of the same session later.
 * - While too much is being waited for datagrams are lost, and counted. They are lost before the protocol has seen them: an
 *   exchange takes what it has seen for done, and would answer what comes again as if it were.
 */
import { Effect } from "effect"
import type { Link } from "../protocols/Link.ts"
import type { Service } from "./Connections.ts"
import type { OnDefect } from "./Interpreter.ts"

/** How much may be waited for. */
export const pendingLimit = 4096

/** A datagram, and where it came from. */
export interface Incoming {
  readonly link: Link<Uint8Array>
  readonly bytes: Uint8Array
}

/** Takes datagrams as they have come. */
export type Receive = (datagrams: ReadonlyArray<Incoming>) => Effect.Effect<void>

/**
 * Makes what takes datagrams of a protocol that is at work. It is a defect if that is not spoken by them. What defects there
 * are in dealing with one goes to `broken`, or else to the log.
 */
export const make = <Packet, Key extends object>(
  { context: { metrics, protocol, taps }, interpreter }: Service<Uint8Array, Packet, Uint8Array, Key>,
  broken?: OnDefect
): Effect.Effect<Receive> => {
  const { datagrams: spoken, name } = protocol
  if (spoken === undefined) return Effect.die(new Error(`${name} is not spoken by datagrams`))
  return Effect.succeed((datagrams) => {
    let index = 0
    return interpreter.performApart(() => {
      while (index < datagrams.length) {
        const { bytes, link } = datagrams[index++]!
        if (interpreter.pendingCount >= pendingLimit) {
          metrics.counts.datagramsLost++
          continue
        }
        const packet = spoken.read(bytes)
        taps.record?.("in", { who: `${name} ${link.address}` }, packet)
        return spoken.receive(link, packet, bytes.length)
      }
      return undefined
    }, broken)
  })
}
