/**
 * Events on their way to sessions.
 *
 * - An event is one packet for all its recipients, with one number. Only what the server says to one of them has a number
 *   of its own, and what goes to an address that is not proven has one that nobody can guess.
 * - Over a stream a packet is sent and forgotten; over datagrams it waits in its lane until it is confirmed.
 */
import type { Event, IsActor, Perspective, SharedEvent } from "../../domain/Event.ts"
import type { Send, SendAll } from "../Exchange.ts"
import type { Link } from "../Link.ts"
import type { ImmediateStep } from "../Step.ts"
import { GroupFrames } from "../GroupFrames.ts"
import { Renderings } from "../Renderings.ts"
import * as Slab from "../Slab.ts"
import * as PacketCodec from "./PacketCodec.ts"
import * as Events from "./PacketEvents.ts"
import * as Lanes from "./PacketLanes.ts"
import * as Member from "./PacketMember.ts"

type Steps = ReadonlyArray<ImmediateStep<Uint8Array, Member.Member>>

/** What delivery needs of the exchange. */
export interface Dependencies {
  readonly nowMillis: () => number
  readonly random: () => bigint
  readonly queueLimitBytes: number
  readonly membersOn: (link: Link<Uint8Array>) => Iterable<Member.Member>
  /** Ends a session for which too much waits. */
  readonly overflow: (member: Member.Member) => Steps
}

/** An event as it goes out; `message` is undefined if each recipient gets a number of its own. */
interface Rendered {
  readonly sender: bigint
  readonly message: bigint | undefined
  readonly frame: Uint8Array | undefined
  /** Whether it is an error, which is not confirmed. */
  readonly isError: boolean
}

const nothing: Steps = []
const messageOffset = 10

const numbered = (frame: Uint8Array, message: bigint): Uint8Array => {
  const own = Uint8Array.from(frame)
  new DataView(own.buffer).setBigUint64(messageOffset, message)
  return own
}

const render = (event: Event, as: Perspective): Rendered => {
  const told = Events.tell(event, as)
  if (told === undefined) return { sender: 0n, message: undefined, frame: undefined, isError: false }
  if (told._tag === "Error") {
    return { sender: 0n, message: undefined, frame: PacketCodec.write(told), isError: true }
  }
  const { message, text, user } = told
  const blob = Slab.encode(text)
  const frame = PacketCodec.write({ _tag: "IncomingMessage", user, message: message ?? 0n, blob })
  return { sender: user, message, frame, isError: false }
}

const renderActor = (event: Event): Rendered => render(event, "actor")
const renderWitness = (event: Event): Rendered => render(event, "witness")

/** Makes the delivery to all sessions. */
export const make = ({ membersOn, nowMillis, overflow, queueLimitBytes, random }: Dependencies) => {
  /** The sessions for which something waits. */
  const waiting = new Set<Member.Member>()
  let lastNotice = -1n
  const renderings = { actor: new Renderings<Rendered>(), witness: new Renderings<Rendered>() }

  /** What may go out to a session at a time. */
  const transmit = (member: Member.Member, millis: number): Steps => {
    const { lanes, link } = member
    if (lanes === undefined || lanes.queuedBytes() === 0) return nothing
    if (link.isReliable) {
      waiting.delete(member)
      return lanes.takeAll().map(({ frame }) => ({ _tag: "Send", link, frame }))
    }
    const steps: Array<ImmediateStep<Uint8Array, Member.Member>> = []
    for (const outgoing of lanes.due(millis)) {
      if (!Member.mayTake(member, outgoing.frame.length)) continue
      // What comes back from an address that is not proven must not be guessable; what was sent keeps its number.
      if (member.trust === "budget" && outgoing.attempts === 0) {
        outgoing.message = random()
        outgoing.frame = numbered(outgoing.frame, outgoing.message)
        outgoing.secretTo = link.id
      }
      lanes.sent(outgoing, millis)
      steps.push({ _tag: "Send", link, frame: outgoing.frame })
    }
    return steps
  }

  const enqueue = (member: Member.Member, sender: bigint, message: bigint, frame: Uint8Array): Steps => {
    const lanes = (member.lanes ??= Lanes.make())
    if (lanes.queuedBytes() + frame.length > queueLimitBytes) return overflow(member)
    const millis = nowMillis()
    lanes.add(sender, message, frame, millis)
    waiting.add(member)
    return transmit(member, millis)
  }

  const deliver = (member: Member.Member, event: Event, as: Perspective, send: Send<Uint8Array>): Steps => {
    if (!member.isOpen) return nothing
    const { frame, isError, message, sender } = renderings[as].of(event, as === "actor" ? renderActor : renderWitness)
    if (frame === undefined) return nothing
    const { link } = member
    if (isError) {
      if (Member.mayTake(member, frame.length)) send(link, frame)
      return nothing
    }
    const number = message ?? (lastNotice += 2n)
    const own = message === undefined ? numbered(frame, number) : frame
    if (!link.isReliable) return enqueue(member, sender, number, own)
    send(link, own)
    return nothing
  }

  const groups = new GroupFrames<Uint8Array>((event, as) => {
    const { frame, isError, message } = render(event, as)
    if (frame === undefined) return []
    return isError || message === undefined ? undefined : [frame]
  })

  const deliverAll = (
    member: Member.Member,
    events: ReadonlyArray<SharedEvent>,
    isActor: IsActor,
    send: SendAll<Uint8Array>
  ): boolean => {
    if (!member.isOpen || !member.link.isReliable) return !member.isOpen
    const frames = groups.of(events, 0, isActor)
    if (frames !== undefined) send(member.link, frames)
    return frames !== undefined
  }

  const confirm = (link: Link<Uint8Array>, message: bigint): Steps => {
    const millis = nowMillis()
    for (const member of membersOn(link)) {
      // Over a stream nothing waits to be confirmed; it only says that the client is there.
      const confirmed = link.isReliable ? undefined : member.lanes?.confirm(message, millis)
      if (confirmed === undefined && !link.isReliable) continue
      member.touchedAtMillis = millis
      if (confirmed === undefined) continue
      if (confirmed.secretTo === link.id) Member.prove(member)
      if (member.lanes!.queuedBytes() === 0) waiting.delete(member)
      return transmit(member, millis)
    }
    return nothing
  }

  return {
    deliver,
    deliverAll,
    confirm,
    transmit,
    /** What is due at a time, to all. */
    transmitAll: (millis: number): Steps => [...waiting].flatMap((member) => transmit(member, millis)),
    forget: (member: Member.Member): void => {
      waiting.delete(member)
      member.lanes = undefined
    }
  }
}
