/**
 * Peers that are on their way out.
 *
 * Some leave when they are answered, others when they are asked: so a peer gets both, with a pause between for those that
 * take one read for one packet, and then the end of its connection. Nothing of that comes while it waits for an answer.
 */
import type { ImmediateStep } from "../Step.ts"
import * as TsockmPacket from "./TsockmPacket.ts"
import type { Peer } from "./TsockmPeer.ts"
import * as Response from "./TsockmResponse.ts"

type Steps = ReadonlyArray<ImmediateStep<Uint8Array, Peer>>

interface Ending {
  readonly peer: Peer
  readonly next: Array<ImmediateStep<Uint8Array, Peer>>
  dueMillis: number
}

const pauseMillis = 100

/** What ends a peer, in the order in which it is said to it. */
export const frames = ({ ends, generation }: Peer, isKilled: boolean): ReadonlyArray<Uint8Array> => {
  const types = isKilled && generation === 8 ? (["REQ", "RES"] as const) : (["RES", "REQ"] as const)
  return types.map((type) => TsockmPacket.encode(Response.end(ends, type), generation))
}

/** Makes endings of nobody. */
export const make = () => {
  const endings = new Set<Ending>()
  return {
    /** Begins the end of a peer. */
    begin: (peer: Peer, isKilled: boolean, nowMillis: number): Steps => {
      const { link } = peer
      const [first, second] = frames(peer, isKilled).map((frame) => ({ _tag: "Send", link, frame }) as const)
      const end: ImmediateStep<Uint8Array, Peer> = { _tag: "Hangup", link, reason: "done" }
      const isHeld = peer.heldUntilMillis !== undefined
      endings.add({
        peer,
        next: isHeld ? [first!, second!, end] : [second!, end],
        dueMillis: isHeld ? nowMillis : nowMillis + pauseMillis
      })
      return isHeld ? [] : [first!]
    },
    /** Forgets a peer whose connection is no more. */
    forget: (linkId: string): void => {
      for (const ending of endings) if (ending.peer.link.id === linkId) endings.delete(ending)
    },
    /** What is to be done by now. */
    sweep: (nowMillis: number): Steps => {
      const steps: Array<ImmediateStep<Uint8Array, Peer>> = []
      for (const ending of endings) {
        if (ending.dueMillis > nowMillis || ending.peer.heldUntilMillis !== undefined) continue
        steps.push(ending.next.shift()!)
        ending.dueMillis = nowMillis + pauseMillis
        if (ending.next.length === 0) endings.delete(ending)
      }
      return steps
    }
  }
}
