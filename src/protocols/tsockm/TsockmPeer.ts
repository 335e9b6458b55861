/**
 * A peer, and what waits to be sent to it.
 *
 * - Behind a message an original asks who its author is, and takes whatever comes next for the answer. So everything
 *   behind a message is held until the question has been answered, or for a while.
 * - Whoever never asks is no original, and is held up by gaps alone.
 * - What waits is here, not in the outbox, which is given no more than goes out until the next sweep: here it is known what
 *   may be left out when too much comes.
 * - Nothing goes to a peer before its welcome.
 */
import type { Event, Perspective } from "../../domain/Event.ts"
import { Backlog, type Pace } from "../Backlog.ts"
import type { Link } from "../Link.ts"
import type { ImmediateStep } from "../Step.ts"
import type { Entry } from "./TsockmDirectory.ts"
import type { Generation } from "./TsockmPacket.ts"
import type { Ends } from "./TsockmResponse.ts"

type Steps = ReadonlyArray<ImmediateStep<Uint8Array, Peer>>

/** What waits for a peer; behind a frame with a mark a question about that one is expected. */
type Waiting = Backlog<Uint8Array, Entry | undefined>

/** What peers have in common. */
export interface Settings {
  /** The least time between two packets to a peer. */
  readonly gapMillis: number
  readonly nowMillis: () => number
  /** The packets in which the server says something to a peer, and the author that they name. */
  readonly notice: (text: string, peer: Peer) => ReturnType<Pace<Uint8Array, Entry | undefined>["notice"]>
}

/** A peer that asks for a login, or has one. */
export interface Peer {
  /** The id by which it speaks. */
  readonly secret: string
  readonly link: Link<Uint8Array>
  readonly generation: Generation
  readonly ends: Ends
  /** @internal */
  readonly settings: Settings
  isOpen: boolean
  /** Whether nothing more is told to it, because the server stops. */
  isStopping: boolean
  /** The number that the chat gave it; undefined before its login. */
  number: number | undefined
  /**
   * How others see it; undefined before its login.
   *
   * @internal
   */
  entry: Entry | undefined
  /** @internal */
  waiting: Waiting | undefined
  /** Until when what waits is held; undefined if nothing is. */
  heldUntilMillis: number | undefined
  /**
   * About whom a question is expected while there is a hold.
   *
   * @internal
   */
  about: Entry | undefined
  /** How often in a row no question came. */
  silences: number
  /** How long the last question took, once there was one. */
  questionMillis: number | undefined
}

/** How long a question may take, and after how many that did not come none is expected. */
const holdMillis = 400
const silenceLimit = 3

/** How much is given to the outbox at a time: more than goes out between two sweeps. */
const aheadMillis = 300

const nothing: Steps = []

/** Makes a peer for which nothing waits. */
export const make = (secret: string, link: Link<Uint8Array>, ends: Ends, settings: Settings): Peer => ({
  secret,
  link,
  generation: ends.generation,
  ends,
  settings,
  isOpen: true,
  isStopping: false,
  number: undefined,
  entry: undefined,
  waiting: undefined,
  heldUntilMillis: Infinity,
  about: undefined,
  silences: 0,
  questionMillis: undefined
})

const queueMillis = ({ link }: Peer): number => link.outbox?.queueMillis ?? 0

/** How long so many frames take, behind each of which a question may be expected. */
const lateMillis = (peer: Peer, frameCount: number): number => {
  const { heldUntilMillis = 0, questionMillis, settings, silences } = peer
  const { gapMillis, nowMillis } = settings
  const heldMillis = heldUntilMillis === Infinity ? 0 : Math.max(0, heldUntilMillis - nowMillis())
  const beganMillis =
    queueMillis(peer) + (questionMillis === undefined ? heldMillis : Math.min(heldMillis, questionMillis))
  // An answer takes a gap, too.
  if (silences === 0 && questionMillis !== undefined) return beganMillis + frameCount * (questionMillis + gapMillis)
  return beganMillis + frameCount * gapMillis + Math.min(frameCount, silenceLimit - silences) * holdMillis
}

const waitingOf = (peer: Peer): Waiting => {
  const { gapMillis, notice } = peer.settings
  return (peer.waiting ??= new Backlog<Uint8Array, Entry | undefined>({
    saysWhoIsThere: false,
    sizeBytes: (frame) => frame.length,
    gapMillis: () => gapMillis,
    lateMillis: (frameCount) => (gapMillis > 0 ? lateMillis(peer, frameCount) : 0),
    notice: (text) => notice(text, peer)
  }))
}

/** Bytes that wait for a peer. */
export const queuedBytes = (peer: Peer): number => peer.waiting?.sizeBytes ?? 0

/** Sends what may be sent now: as much as goes out soon, and nothing behind a message behind which there is a hold. */
export const pump = (peer: Peer): Steps => {
  const { link, settings, waiting } = peer
  if (peer.heldUntilMillis !== undefined || waiting === undefined) return nothing
  const steps: Array<ImmediateStep<Uint8Array, Peer>> = []
  for (let millis = queueMillis(peer); millis < aheadMillis; millis += settings.gapMillis) {
    const frame = waiting.take()
    if (frame === undefined) break
    steps.push({ _tag: "Send", link, frame })
    const about = waiting.mark
    if (about !== undefined && peer.silences < silenceLimit) {
      peer.heldUntilMillis = settings.nowMillis() + holdMillis
      peer.about = about
      break
    }
  }
  if (waiting.frameCount === 0) peer.waiting = undefined
  return steps
}

/** Whether a peer may be an original: it is paced, and has not left several questions in a row unasked. */
export const isOriginal = (peer: Peer): boolean => peer.settings.gapMillis > 0 && peer.silences < silenceLimit

/** Whether packets can go out at once and need not be queued here. */
export const takesAll = (peer: Peer): boolean =>
  peer.settings.gapMillis === 0 && peer.heldUntilMillis === undefined && peer.waiting === undefined

/** Queues the packets of an event, or others; a question about somebody may be expected behind each. */
export const push = (
  peer: Peer,
  frames: ReadonlyArray<Uint8Array>,
  about?: Entry,
  event?: Event,
  as?: Perspective
): void => waitingOf(peer).push(frames, peer.settings.gapMillis > 0 ? about : undefined, event, as)

/** Whatever is held need not be any longer: the question has come and been answered, or the peer has been welcomed. */
export const release = (peer: Peer): Steps => {
  const { about, heldUntilMillis, settings } = peer
  if (about !== undefined && heldUntilMillis !== undefined) {
    peer.questionMillis = Math.max(0, settings.nowMillis() - (heldUntilMillis - holdMillis)) + settings.gapMillis
  }
  peer.heldUntilMillis = peer.about = undefined
  peer.silences = 0
  return pump(peer)
}

/** Ends a hold whose time is over. */
export const expire = (peer: Peer): void => {
  if (peer.heldUntilMillis === undefined || peer.heldUntilMillis > peer.settings.nowMillis()) return
  peer.heldUntilMillis = peer.about = undefined
  peer.silences++
}

/** Takes what waits from a peer, which gets no more of it. */
export const clear = (peer: Peer): void => {
  peer.waiting = undefined
}
