/**
 * A session of the exchange, its files on their way, and what may be sent to it.
 *
 * - There is no session before something has proven it (see `PacketPending`).
 * - A session that moves takes its new address with it, but whoever knows the number may have lied about the address: so
 *   no more than three times what came from there goes there, until something comes back that only went there.
 * - An answer to a datagram goes where that came from, and only if it is the address of its session.
 */
import type { Link } from "../Link.ts"
import type { Lanes } from "./PacketLanes.ts"

type Trust = "budget" | "proven"

/** A session. */
export interface Member {
  /** As it was asked for. */
  readonly name: string
  readonly secret: bigint
  /** The connection on which it was opened, whose end is its own. */
  readonly opener: string | undefined
  link: Link<Uint8Array>
  isOpen: boolean
  /** The public number, in its cookie. */
  user: bigint
  touchedAtMillis: number
  trust: Trust
  /** What came from the address and went to it, while that is counted. */
  receivedBytes: number
  sentBytes: number
  /** Answers by type and number of what they answer; nothing while it is being dealt with. */
  answers: Map<string, Uint8Array | undefined> | undefined
  /** @internal */
  lanes: Lanes | undefined
  /** @internal */
  transfers: Map<bigint, Transfer> | undefined
}

/** A file on its way from a session. */
export interface Upload {
  readonly _tag: "Upload"
  readonly member: Member
  readonly transaction: bigint
  readonly key: number
  /** The link to which its number went, and to no other over datagrams. */
  readonly issuedTo: string
  readonly name: string
  readonly sizeBytes: number
  /** A bit for each chunk that has come. */
  seen: Uint8Array
  missing: number
  file: number | undefined
  /** When it was last heard of. */
  touchedAtMillis: number
  /** `open` until all chunks are there, `done` when the file is stored. */
  state: "beginning" | "open" | "storing" | "done"
}

/** A file on its way to a session. */
export interface Download {
  readonly _tag: "Download"
  readonly member: Member
  readonly transaction: bigint
  key: number
  readonly issuedTo: string
  readonly file: number
  sizeBytes: number | undefined
}

/** A file on its way. */
export type Transfer = Upload | Download

/** What a datagram has besides its payload: the headers of IPv4 and UDP. */
const headerBytes = 28
const amplification = 3
const answerLimit = 1024

/** Makes a session that is on a link, which is proven if it is a connection or what came from there has proven it. */
export const make = (
  name: string,
  secret: bigint,
  link: Link<Uint8Array>,
  isProven: boolean,
  nowMillis: number
): Member => ({
  name,
  secret,
  opener: link.isReliable ? link.id : undefined,
  link,
  isOpen: true,
  user: 0n,
  touchedAtMillis: nowMillis,
  trust: isProven || link.isReliable ? "proven" : "budget",
  receivedBytes: 0,
  sentBytes: 0,
  answers: undefined,
  lanes: undefined,
  transfers: undefined
})

/** Takes note of a packet of so many bytes that named the session by its secret, and of where it came from. */
export const heard = (member: Member, link: Link<Uint8Array>, sizeBytes: number): void => {
  if (member.link.id !== link.id) {
    member.trust = link.isReliable ? "proven" : "budget"
    member.receivedBytes = member.sentBytes = 0
  }
  member.link = link
  if (member.trust === "budget") member.receivedBytes += sizeBytes + headerBytes
}

/** Takes note of something that only went to the address where the session is, and has come back from there. */
export const prove = (member: Member): void => {
  member.trust = "proven"
}

/** Whether so many bytes may go to a session's address; if so, they are counted. */
export const mayTake = (member: Member, sizeBytes: number): boolean => {
  if (member.trust === "proven") return true
  const sentBytes = member.sentBytes + sizeBytes + headerBytes
  if (sentBytes > amplification * member.receivedBytes) return false
  member.sentBytes = sentBytes
  return true
}

/** Whether these answers to a datagram of so many bytes may go to an address of which nothing is known. */
export const isSmallAnswer = (frames: ReadonlyArray<Uint8Array>, datagramBytes: number): boolean => {
  const answerBytes = frames.reduce((sumBytes, { length }) => sumBytes + length + headerBytes, 0)
  return answerBytes <= amplification * (datagramBytes + headerBytes)
}

/** Remembers the answer to a request, or with undefined that there will be one. The oldest are forgotten. */
export const remember = (member: Member, request: string, answer: Uint8Array | undefined): void => {
  const answers = (member.answers ??= new Map())
  answers.set(request, answer)
  if (answers.size <= answerLimit) return
  for (const oldest of answers.keys()) {
    answers.delete(oldest)
    return
  }
}
