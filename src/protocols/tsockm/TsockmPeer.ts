/**
 * A peer, and what waits to be sent to it.
 *
 * - Behind a message an original asks who its author is, and takes whatever comes next for the answer. So everything
 *   behind a message is held until the question has been answered, or for a while.
 * - Whoever never asks is no original, and gets what there is.
 */
import type { ExchangeStep, Link } from "../Exchange.ts"
import type { Entry } from "./TsockmDirectory.ts"
import type { Generation } from "./TsockmPacket.ts"
import type { Ends } from "./TsockmResponse.ts"

type Steps = ReadonlyArray<ExchangeStep<Uint8Array>>

/** A peer that asks for a login, or has one. */
export interface Peer {
  /** The id by which it speaks. */
  readonly secret: string
  readonly link: Link<Uint8Array>
  readonly generation: Generation
  readonly ends: Ends
  isOpen: boolean
  /** The number that the chat gave it, and how others see it. */
  number: number
  entry: Entry | undefined
  waiting: Array<Uint8Array>
  queuedBytes: number
  /** Until when what waits is held; undefined if nothing is. */
  heldUntilMillis: number | undefined
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
  number: 0,
  entry: undefined,
  waiting: [],
  queuedBytes: 0,
  heldUntilMillis: undefined,
  silences: 0
})

/** Sends what may be sent now: all, or one message, behind which there is a hold. */
const pump = (peer: Peer, nowMillis: number): Steps => {
  const { link } = peer
  if (peer.heldUntilMillis !== undefined || peer.waiting.length === 0) return nothing
  const isHolding = peer.silences < silenceLimit
  const frames = isHolding ? peer.waiting.splice(0, 1) : peer.waiting.splice(0)
  for (const frame of frames) peer.queuedBytes -= frame.length
  if (isHolding) peer.heldUntilMillis = nowMillis + holdMillis
  return frames.map((frame) => ({ _tag: "Send", link, frame }))
}

/** Queues messages, behind each of which a question is expected. */
export const push = (peer: Peer, frames: ReadonlyArray<Uint8Array>, nowMillis: number): Steps => {
  for (const frame of frames) {
    peer.waiting.push(frame)
    peer.queuedBytes += frame.length
  }
  return pump(peer, nowMillis)
}

/** The question has come, and been answered. */
export const asked = (peer: Peer, nowMillis: number): Steps => {
  peer.heldUntilMillis = undefined
  peer.silences = 0
  return pump(peer, nowMillis)
}

/** Ends a hold whose time is over. */
export const expire = (peer: Peer, nowMillis: number): Steps => {
  if (peer.heldUntilMillis === undefined || peer.heldUntilMillis > nowMillis) return nothing
  peer.heldUntilMillis = undefined
  peer.silences++
  return pump(peer, nowMillis)
}
