/**
 * All sessions of the packet protocol, whatever carries their packets.
 *
 * - A session is known by its secret number; where it is, is where that was last heard of.
 * - A session that is asked for in a datagram is there when it is proven: it is logged in, and then what has proven it is
 *   carried out.
 * - Every packet of a session puts off its end. What is asked for again because the answer was lost is answered again and
 *   done once.
 * - Over UDP whatever is of no session is dropped without a word.
 */
import { explain, type HangupReason } from "../../domain/Hangup.ts"
import { NotLoggedIn, UploadBroken } from "../../domain/Rejection.ts"
import type { Link } from "../Link.ts"
import type { ImmediateStep, Step as ProtocolStep } from "../Step.ts"
import * as PacketCodec from "./PacketCodec.ts"
import * as Delivery from "./PacketDelivery.ts"
import { PacketError } from "./PacketError.ts"
import * as Logins from "./PacketLogins.ts"
import * as Member from "./PacketMember.ts"
import { error, refusal } from "./PacketRefusal.ts"
import { requestTypes, type Request } from "./PacketRequest.ts"
import * as Requests from "./PacketRequests.ts"
import type { Response } from "./PacketResponse.ts"
import * as Transfers from "./PacketTransfers.ts"

type PacketLink = Link<Uint8Array>
type Steps = ReadonlyArray<ProtocolStep<Uint8Array, Member.Member>>
type Immediate = ImmediateStep<Uint8Array, Member.Member>
type ImmediateSteps = ReadonlyArray<Immediate>

/** What an exchange needs to know. */
export interface Settings {
  readonly nowMillis: () => number
  /** 64 random bits that nobody can guess. */
  readonly random: () => bigint
  /** How long a session lives of which nothing comes. */
  readonly sessionTimeoutMillis: number
  /** How long the chat keeps a transfer of which nothing comes. */
  readonly transferTimeoutMillis: number
  /** How many bytes may wait to be confirmed by a session. */
  readonly queueLimitBytes: number
  /** How many sessions one link may have. */
  readonly linkSessionLimit: number
  /** How many session requests in datagrams may wait to be proven. */
  readonly pendingLimit: number
}

const nothing: ImmediateSteps = []
const fault: ImmediateSteps = [{ _tag: "Fault" }]

/**
 * Makes an exchange without sessions.
 *
 * @see PROTOCOL.md §§ 3-5, 11-13
 */
export const make = (settings: Settings) => {
  const { linkSessionLimit, nowMillis, queueLimitBytes, random, sessionTimeoutMillis, transferTimeoutMillis } = settings
  const bySecret = new Map<bigint, Member.Member>()
  /** The sessions that are on a link, and those that were opened on it, which end with it. */
  const byLink = new Map<string, Set<Member.Member>>()

  const membersOn = (link: PacketLink): Iterable<Member.Member> => byLink.get(link.id) ?? []

  const leave = (member: Member.Member, id: string): void => {
    const there = byLink.get(id)
    there?.delete(member)
    if (there?.size === 0) byLink.delete(id)
  }
  const settle = (member: Member.Member, link: PacketLink): void => {
    if (member.link.id !== link.id && member.link.id !== member.opener) leave(member, member.link.id)
    const there = byLink.get(link.id)
    if (there === undefined) byLink.set(link.id, new Set([member]))
    else there.add(member)
  }

  const answerFrame = (member: Member.Member, link: PacketLink, frame: Uint8Array): ImmediateSteps => {
    const mayGo = link.isReliable || (link.id === member.link.id && Member.mayTake(member, frame.length))
    return mayGo ? [{ _tag: "Send", link, frame }] : nothing
  }
  const answer = (member: Member.Member, link: PacketLink, response: Response): ImmediateSteps =>
    answerFrame(member, link, PacketCodec.write(response))

  const transfers = Transfers.make({ random, nowMillis, transferTimeoutMillis, answer })
  const carryOut = Requests.make({ transfers, answerFrame })

  const end = (member: Member.Member, why: string): ImmediateSteps => {
    if (!member.isOpen) return nothing
    member.isOpen = false
    bySecret.delete(member.secret)
    leave(member, member.link.id)
    if (member.opener !== undefined) leave(member, member.opener)
    delivery.forget(member)
    transfers.forgetAll(member)
    return [{ _tag: "Logout", key: member, why }]
  }

  const hangUp = (member: Member.Member, reason: HangupReason): ImmediateSteps => {
    if (!member.isOpen) return nothing
    const code = reason === "stopping" ? PacketError.serverStopping : PacketError.refused
    return [...answer(member, member.link, error(0, code, explain(reason))), ...end(member, explain(reason))]
  }

  const overflow = (member: Member.Member): ImmediateSteps => hangUp(member, "slow")
  const delivery = Delivery.make({ nowMillis, random, queueLimitBytes, membersOn, overflow })

  /** Puts off the end of a session of which something has come. What came in time may be read late, so only the sweep ends one. */
  const touch = (member: Member.Member): void => {
    member.touchedAtMillis = nowMillis()
  }

  /** Takes note of a session that has been logged in, unless it has ended meanwhile. */
  const open = (member: Member.Member, user: number): boolean => {
    if (!member.isOpen) return false
    member.user = BigInt(user)
    bySecret.set(member.secret, member)
    settle(member, member.link)
    return true
  }

  const isFull = (link: PacketLink): boolean => (byLink.get(link.id)?.size ?? 0) >= linkSessionLimit
  const logins = Logins.make({ ...settings, membersOn, isFull, touch, open })

  const followTransfer = (
    link: PacketLink,
    request: Request & { readonly _tag: "DownloadChunkRequest" | "UploadChunkRequest" },
    sizeBytes: number
  ): Steps | undefined => {
    const transfer = transfers.find(request.transaction)
    if (transfer === undefined) return undefined
    const { member } = transfer
    if (!link.isReliable && member.link.id !== link.id) return undefined
    touch(member)
    if (!link.isReliable) {
      Member.heard(member, link, sizeBytes)
      // A number that the session had elsewhere says nothing about this address.
      if (transfer.issuedTo === link.id) Member.prove(member)
    }
    return transfers.follow(transfer, link, request)
  }

  /** Carries out a packet of a session, which is where that has come from. */
  const follow = (
    member: Member.Member,
    link: PacketLink,
    request: Requests.SessionRequest,
    sizeBytes: number
  ): Steps => {
    settle(member, link)
    Member.heard(member, link, sizeBytes)
    const waited = delivery.transmit(member, member.touchedAtMillis)
    const steps = carryOut(member, link, request)
    return waited.length === 0 ? steps : [...waited, ...steps]
  }

  const followSession = (link: PacketLink, request: Requests.SessionRequest, sizeBytes: number): Steps | undefined => {
    const member = bySecret.get(request.session)
    if (member === undefined) {
      const proof = (member: Member.Member) => follow(member, link, request, sizeBytes)
      return logins.proveBySession(link, request.session, sizeBytes, proof)
    }
    touch(member)
    return follow(member, link, request, sizeBytes)
  }

  const unknown = (link: PacketLink, response: () => Response): ImmediateSteps =>
    link.isReliable ? [{ _tag: "Send", link, frame: PacketCodec.write(response()) }] : fault

  return {
    /** Takes one packet; `sizeBytes` is what its datagram had. */
    receive: (link: PacketLink, request: Request, sizeBytes: number): Steps => {
      switch (request._tag) {
        case "SessionRequest":
          return logins.ask(request.name, link, sizeBytes)
        case "IncomingMessageResponse":
          return logins.proveByGreeting(link, request.message, sizeBytes) ?? delivery.confirm(link, request.message)
        case "DownloadChunkRequest":
        case "UploadChunkRequest":
          return followTransfer(link, request, sizeBytes) ?? unknown(link, () => refusal(17, new UploadBroken()))
        default:
          return (
            followSession(link, request, sizeBytes) ??
            unknown(link, () => refusal(requestTypes[request._tag], new NotLoggedIn()))
          )
      }
    },
    deliver: delivery.deliver,
    deliverAll: delivery.deliverAll,
    hangUp,
    hasSessions: (link: PacketLink): boolean => byLink.has(link.id),
    /** Ends the sessions that are on a connection or were opened on it, when it is no more. */
    closed: (link: PacketLink): ImmediateSteps =>
      [...membersOn(link)].flatMap((member) => end(member, "its connection is closed")),
    sweep: (): ImmediateSteps => {
      const steps: Array<Immediate> = []
      const millis = nowMillis()
      logins.sweep(millis)
      for (const member of bySecret.values()) {
        const isOver = millis - member.touchedAtMillis >= sessionTimeoutMillis
        if (isOver) steps.push(...end(member, "nothing came of it"))
      }
      steps.push(...delivery.transmitAll(millis))
      return steps
    },
    linkOf: ({ link }: Member.Member): Link<Uint8Array> => link,
    queuedBytes: ({ lanes }: Member.Member): number => lanes?.queuedBytes() ?? 0,
    count: (): number => bySecret.size,
    pendingCount: logins.pendingCount
  }
}

/** All sessions of the protocol. */
export type PacketExchange = ReturnType<typeof make>
