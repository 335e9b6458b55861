/**
 * All sessions of the packet protocol, whatever carries their packets.
 *
 * - A session is known by its secret number; where it is, is where that was last heard of.
 * - Every packet of a session puts off its end. What is asked for again because the answer was lost is answered again and
 *   done once.
 * - Over UDP whatever is of no session is dropped without a word.
 */
import { explain, type HangupReason } from "../../domain/Hangup.ts"
import { NotLoggedIn, ServerFull, UploadBroken } from "../../domain/Rejection.ts"
import type { Link } from "../Link.ts"
import type { ImmediateStep, Step as ProtocolStep } from "../Step.ts"
import * as PacketCodec from "./PacketCodec.ts"
import * as Delivery from "./PacketDelivery.ts"
import { PacketError } from "./PacketError.ts"
import * as Member from "./PacketMember.ts"
import { error, refusal } from "./PacketRefusal.ts"
import { requestTypes, type Request } from "./PacketRequest.ts"
import * as Requests from "./PacketRequests.ts"
import type { Response } from "./PacketResponse.ts"
import * as Transfers from "./PacketTransfers.ts"

type PacketLink = Link<Uint8Array>
type Step = ProtocolStep<Uint8Array, Member.Member>
type Steps = ReadonlyArray<Step>
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

  const cookie = ({ secret, user }: Member.Member, link: PacketLink): Immediate => ({
    _tag: "Send",
    link,
    frame: PacketCodec.write({ _tag: "SessionCookie", user, session: secret })
  })

  const open = (name: string, link: PacketLink, datagramBytes: number): Step => {
    const member = Member.make(name, random(), link, nowMillis())
    return {
      _tag: "Login",
      key: member,
      link,
      name,
      accepted: ({ number }) => {
        member.user = BigInt(number)
        bySecret.set(member.secret, member)
        settle(member, link)
        return [cookie(member, link)]
      },
      refused: (rejection) => {
        member.isOpen = false
        return refuse(link, datagramBytes, refusal(1, rejection))
      }
    }
  }

  /** Answers somebody who has no session. */
  const refuse = (link: PacketLink, datagramBytes: number, response: Response): ImmediateSteps => {
    const frame = PacketCodec.write(response)
    const mayGo = link.isReliable || Member.isSmallAnswer(frame.length, datagramBytes)
    return mayGo ? [{ _tag: "Send", link, frame }] : nothing
  }

  const logIn = (name: string, link: PacketLink, datagramBytes: number): Steps => {
    let count = 0
    for (const member of membersOn(link)) {
      count++
      if (member.name !== name) continue
      touch(member)
      return [cookie(member, link)]
    }
    return count < linkSessionLimit
      ? [open(name, link, datagramBytes)]
      : refuse(link, datagramBytes, refusal(1, new ServerFull()))
  }

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

  const followSession = (link: PacketLink, request: Requests.SessionRequest, sizeBytes: number): Steps | undefined => {
    const member = bySecret.get(request.session)
    if (member === undefined) return undefined
    touch(member)
    settle(member, link)
    Member.heard(member, link, sizeBytes)
    const waited = delivery.transmit(member, member.touchedAtMillis)
    const steps = carryOut(member, link, request)
    return waited.length === 0 ? steps : [...waited, ...steps]
  }

  const unknown = (link: PacketLink, response: () => Response): ImmediateSteps =>
    link.isReliable ? [{ _tag: "Send", link, frame: PacketCodec.write(response()) }] : fault

  return {
    /** Takes one packet; `sizeBytes` is what its datagram had. */
    receive: (link: PacketLink, request: Request, sizeBytes: number): Steps => {
      switch (request._tag) {
        case "SessionRequest":
          return logIn(request.name, link, sizeBytes)
        case "IncomingMessageResponse":
          return delivery.confirm(link, request.message)
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
      for (const member of bySecret.values()) {
        const isOver = millis - member.touchedAtMillis >= sessionTimeoutMillis
        if (isOver) steps.push(...end(member, "nothing came of it"))
      }
      steps.push(...delivery.transmitAll(millis))
      return steps
    },
    queuedBytes: ({ lanes }: Member.Member): number => lanes?.queuedBytes() ?? 0,
    count: (): number => bySecret.size
  }
}

/** All sessions of the protocol. */
export type PacketExchange = ReturnType<typeof make>
