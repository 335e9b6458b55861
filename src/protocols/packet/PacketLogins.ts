/**
 * How sessions of the exchange begin.
 *
 * - Over a connection at once. What is asked for in a datagram is pending until something proves it: then it is logged in,
 *   and what has proven it is carried out behind that, in order.
 * - Of names and addresses that are not proven the chat knows nothing.
 */
import { type Rejection, ServerFull } from "../../domain/Rejection.ts"
import type { Link } from "../Link.ts"
import type { ImmediateStep, Step as ProtocolStep } from "../Step.ts"
import * as PacketCodec from "./PacketCodec.ts"
import * as Member from "./PacketMember.ts"
import * as Pending from "./PacketPending.ts"
import { refusal } from "./PacketRefusal.ts"
import { requestTypes } from "./PacketRequest.ts"

type PacketLink = Link<Uint8Array>
type Step = ProtocolStep<Uint8Array, Member.Member>
type Steps = ReadonlyArray<Step>
type Immediate = ImmediateStep<Uint8Array, Member.Member>
type ImmediateSteps = ReadonlyArray<Immediate>

/** What logins need of the exchange. */
export interface Dependencies extends Pending.PendingLimits {
  readonly nowMillis: () => number
  readonly random: () => bigint
  readonly membersOn: (link: PacketLink) => Iterable<Member.Member>
  /** Whether a link has as many sessions as it may have. */
  readonly isFull: (link: PacketLink) => boolean
  /** Puts off the end of a session. */
  readonly touch: (member: Member.Member) => void
  /** Takes note of a session that has been logged in; false if it has ended meanwhile. */
  readonly open: (member: Member.Member, user: number) => boolean
}

const nothing: ImmediateSteps = []
/** How many packets may wait for the login of their session. */
const proofLimit = 16

/** Makes the logins of all sessions. */
export const make = (dependencies: Dependencies) => {
  const { isFull, membersOn, nowMillis, open, random, touch } = dependencies
  const pendings = Pending.make(dependencies)

  const cookie = (link: PacketLink, user: bigint, session: bigint): Immediate => ({
    _tag: "Send",
    link,
    frame: PacketCodec.write({ _tag: "SessionCookie", user, session })
  })

  /** Answers somebody who has no session; of all frames or none. */
  const reply = (link: PacketLink, datagramBytes: number, ...frames: ReadonlyArray<Uint8Array>): ImmediateSteps => {
    const mayGo = link.isReliable || Member.isSmallAnswer(frames, datagramBytes)
    return mayGo ? frames.map((frame) => ({ _tag: "Send", link, frame })) : nothing
  }
  const refuse = (link: PacketLink, datagramBytes: number, rejection: Rejection): ImmediateSteps =>
    reply(link, datagramBytes, PacketCodec.write(refusal(requestTypes.SessionRequest, rejection)))

  const logIn = (name: string, link: PacketLink): Step => {
    const member = Member.make(name, random(), link, true, nowMillis())
    return {
      _tag: "Login",
      key: member,
      link,
      name,
      accepted: ({ number }) => (open(member, number) ? [cookie(link, member.user, member.secret)] : nothing),
      refused: (rejection) => {
        member.isOpen = false
        return refuse(link, 0, rejection)
      }
    }
  }

  /** What was asked for by that name from there and is there already, or about to be. */
  const repeat = (name: string, link: PacketLink): Immediate | undefined => {
    for (const member of membersOn(link)) {
      if (member.name !== name) continue
      touch(member)
      return cookie(link, member.user, member.secret)
    }
    const pending = pendings.named(link, name)
    return pending?.proofs && cookie(link, BigInt(pending.user), pending.secret)
  }

  /** Keeps a request in mind until it is proven. */
  const postpone = (name: string, link: PacketLink, datagramBytes: number): Step => ({
    _tag: "Reserve",
    link,
    name,
    reserved: (user) => {
      const again = repeat(name, link)
      if (again !== undefined) return [again]
      const atMillis = nowMillis()
      let pending = pendings.named(link, name)
      if (pending === undefined || pending.refusal !== undefined) {
        const numbers = { user, secret: random(), greeting: random() }
        pending = { name, link, ...numbers, askedAtMillis: atMillis, proofs: undefined, refusal: undefined }
        pendings.add(pending)
      } else pendings.renew(pending, atMillis)
      return reply(link, datagramBytes, ...Pending.welcome(pending))
    },
    refused: (rejection) => {
      // It may have been proven meanwhile: then it is itself who has the name.
      const again = repeat(name, link)
      if (again !== undefined) return [again]
      const pending = pendings.named(link, name)
      if (pending !== undefined) pendings.forget(pending)
      return refuse(link, datagramBytes, rejection)
    }
  })

  /** Takes a session request. */
  const ask = (name: string, link: PacketLink, datagramBytes: number): Steps => {
    const again = repeat(name, link)
    if (again !== undefined) return [again]
    if (isFull(link)) return refuse(link, datagramBytes, new ServerFull())
    return [link.isReliable ? logIn(name, link) : postpone(name, link, datagramBytes)]
  }

  /** Logs in what a packet has proven, and then has that carried out. */
  const prove = (pending: Pending.Pending, link: PacketLink, sizeBytes: number, proof: Pending.Proof): Steps => {
    if (pending.refusal !== undefined) return reply(link, sizeBytes, pending.refusal)
    if (pending.proofs !== undefined) {
      if (pending.proofs.length < proofLimit) pending.proofs.push(proof)
      return nothing
    }
    if (isFull(link)) return refuse(link, sizeBytes, new ServerFull())
    const proofs = (pending.proofs = [proof])
    const { name, secret, user } = pending
    const member = Member.make(name, secret, link, link.id === pending.link.id, nowMillis())
    return [
      {
        _tag: "Login",
        key: member,
        link,
        name,
        number: user,
        accepted: ({ number }) => {
          pendings.forget(pending)
          return open(member, number) ? proofs.flatMap((proof) => proof(member)) : nothing
        },
        refused: (rejection) => {
          member.isOpen = false
          pending.proofs = undefined
          pending.refusal = PacketCodec.write(refusal(requestTypes.SessionRequest, rejection))
          return reply(link, sizeBytes, pending.refusal)
        }
      }
    ]
  }

  return {
    ask,
    /** Logs in what has that session number, if it is pending, and then does `proof`; undefined if it is not pending. */
    proveBySession: (link: PacketLink, session: bigint, sizeBytes: number, proof: Pending.Proof): Steps | undefined => {
      const pending = pendings.find(session)
      return pending && prove(pending, link, sizeBytes, proof)
    },
    /** The same for what is greeted by that message, if its confirmation came from where that went. */
    proveByGreeting: (link: PacketLink, message: bigint, sizeBytes: number): Steps | undefined => {
      const pending = link.isReliable ? undefined : pendings.greeted(link, message)
      return pending && prove(pending, link, sizeBytes, () => nothing)
    },
    /** Forgets what has not been proven in time. */
    sweep: pendings.sweep,
    pendingCount: pendings.count
  }
}
