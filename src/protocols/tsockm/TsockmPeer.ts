/**
 * A peer, and what waits to be sent to it.
 *
 * - Behind a message an original asks who its author is, and takes whatever comes next for the answer. So everything
 *   behind a message is held until the question has been answered, or for a while.
 * - Whoever never asks is no original, and gets what there is.
 * - Nothing goes to a peer before its welcome.
 */
import type { Link } from "../Link.ts"
import type { ImmediateStep } from "../Step.ts"
import type { Entry } from "./TsockmDirectory.ts"
import type { Generation } from "./TsockmPacket.ts"
import type { Ends } from "./TsockmResponse.ts"

type Steps = ReadonlyArray<ImmediateStep<Uint8Array, Peer>>

/** A packet that waits, and about whom a question follows it, if one does. */
interface Waiting {
  readonly frame: Uint8Array
  readonly about: Entry | undefined
}

/** A peer that asks for a login, or has one. */
export interface Peer {
  /** The id by which it speaks. */
  readonly secret: string
  readonly link: Link<Uint8Array>
  readonly generation: Generation
  readonly ends: Ends
  isOpen: boolean
  /** Whether nothing more is told to it, because the server stops. */
  isStopping: boolean
  /** The number that the chat gave it, and how others see it; undefined before its login. */
  number: number | undefined
  entry: Entry | undefined
  waiting: Array<Waiting>
  queuedBytes: number
  /** Until when what waits is held; undefined if nothing is. */
  heldUntilMillis: number | undefined
  /** About whom a question is expected while there is a hold. */
  about: Entry | undefined
  /** How often in a row no question came. */
  silences: number
}

/** How long a question may take, and after how many that did not come none is expected. */
const holdMillis = 400
const silenceLimit = 3

const nothing: Steps = []

/** Makes a peer for which nothing waits. */
export const make = (secret: string, link: Link<Uint8Array>, ends: Ends): Peer => ({
  secret,
  link,
  generation: ends.generation,
  ends,
  isOpen: true,
  isStopping: false,
  number: undefined,
  entry: undefined,
  waiting: [],
  queuedBytes: 0,
  heldUntilMillis: Infinity,
  about: undefined,
  silences: 0
})

/** Sends what may be sent now: all up to a message behind which there is a hold. */
const pump = (peer: Peer, nowMillis: number): Steps => {
  const { link, waiting } = peer
  if (peer.heldUntilMillis !== undefined || waiting.length === 0) return nothing
  const asked = peer.silences < silenceLimit ? waiting.findIndex(({ about }) => about !== undefined) : -1
  if (asked >= 0) {
    peer.heldUntilMillis = nowMillis + holdMillis
    peer.about = waiting[asked]!.about
  }
  const sent = waiting.splice(0, asked < 0 ? waiting.length : asked + 1)
  for (const { frame } of sent) peer.queuedBytes -= frame.length
  return sent.map(({ frame }) => ({ _tag: "Send", link, frame }))
}

/** Whether packets can go out at once, and if it `mayAsk` no question about somebody is expected behind them. */
export const asksNothing = (peer: Peer, mayAsk: boolean): boolean =>
  peer.heldUntilMillis === undefined && peer.waiting.length === 0 && (!mayAsk || peer.silences >= silenceLimit)

/** Queues packets; a question about somebody may be expected behind each. */
export const push = (
  peer: Peer,
  frames: ReadonlyArray<Uint8Array>,
  about: Entry | undefined,
  nowMillis: number
): Steps => {
  for (const frame of frames) {
    peer.waiting.push({ frame, about })
    peer.queuedBytes += frame.length
  }
  return pump(peer, nowMillis)
}

/** Whatever is held need not be any longer: the question has come and been answered, or the peer has been welcomed. */
export const release = (peer: Peer, nowMillis: number): Steps => {
  peer.heldUntilMillis = peer.about = undefined
  peer.silences = 0
  return pump(peer, nowMillis)
}

/** Ends a hold whose time is over. */
export const expire = (peer: Peer, nowMillis: number): Steps => {
  if (peer.heldUntilMillis === undefined || peer.heldUntilMillis > nowMillis) return nothing
  peer.heldUntilMillis = peer.about = undefined
  peer.silences++
  return pump(peer, nowMillis)
}

/** Takes what waits from a peer, which gets no more of it. */
export const clear = (peer: Peer): void => {
  peer.waiting = []
  peer.queuedBytes = 0
}
