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

/** How much may be waited for. */
export const pendingLimit = 4096

/** Takes a datagram that has come from a link. Called by an effect that is running. */
export type Receive = (link: Link<Uint8Array>, bytes: Uint8Array) => void

/** Makes what takes datagrams of a protocol that is at work. It is a defect if that is not spoken by them. */
export const make = <Packet, Key extends object>({
  context: { metrics, protocol, wire },
  interpreter
}: Service<Uint8Array, Packet, Uint8Array, Key>): Effect.Effect<Receive> => {
  const { datagrams, name } = protocol
  if (datagrams === undefined) return Effect.die(new Error(`${name} is not spoken by datagrams`))
  return Effect.succeed((link, bytes) => {
    if (interpreter.pendingCount >= pendingLimit) {
      metrics.counts.datagramsLost++
      return
    }
    const packet = datagrams.read(bytes)
    wire.record?.("in", `${name} ${link.address}`, packet)
    interpreter.performApart(datagrams.receive(link, packet, bytes.length))
  })
}
