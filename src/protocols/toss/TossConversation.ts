/**
 * One connection of a Toss-a-Message client.
 *
 * - The client speaks first. Each of its announcements is acknowledged, and nothing goes out behind that until what was
 *   announced begins to come: the original would not see the acknowledgement.
 * - A file is stored while it comes, under its ordinal; what no request takes is dropped.
 * - What is said is confirmed when it is stored, and answered in the order in which it came.
 * - Whoever speaks without an announcement, or does not wait for its acknowledgement, is not the original.
 */
import type { Command, Reply } from "../../domain/Command.ts"
import type { Message } from "../../domain/Message.ts"
import { explain, type Rejection } from "../../domain/Rejection.ts"
import type { ByteFrame, Conversation, Step as ProtocolStep } from "../Protocol.ts"
import * as PillowFrames from "./PillowFrames.ts"
import * as Request from "./PillowRequest.ts"
import * as Response from "./PillowResponse.ts"
import * as Turns from "../Turns.ts"
import * as Events from "./TossEvents.ts"
import * as Frames from "./TossFrames.ts"
import type { TossPacket } from "./TossPacket.ts"

/** What a conversation needs to know. */
export interface Settings {
  /** Whether a peer that may be the original gets its messages one at a time. */
  readonly isPacing: boolean
  readonly now: () => Date
  /** The frames of a message as those get it whom it is for. */
  readonly said: (message: Message, variant: PillowFrames.Variant) => ReadonlyArray<ByteFrame>
}

type Step = ProtocolStep<ByteFrame>
type Steps = ReadonlyArray<Step>

/** How long an acknowledgement is followed by nothing when what was announced does not come. */
const holdMillis = 2000

const nothing: Steps = []

const toSend = (frame: ByteFrame): Step => ({ _tag: "Send", frame })
const sendAll = (frames: ReadonlyArray<ByteFrame>): Steps => frames.map(toSend)

/** A file that has begun to come. */
interface Incoming {
  atByte: number
  /** Why it cannot be stored. */
  rejection?: Rejection
}

/** Why a request was refused, as errors of the request. */
const refusal = (action: "log-in" | "send-message", rejection: Rejection): Response.Response => {
  const text = explain(rejection)
  switch (rejection._tag) {
    case "StorageFailed":
      return Response.failure(202, text)
    case "NotLoggedIn":
      return Response.refusal({ action, errors: { username: [text] } })
    case "FileTooLarge":
    case "TooManyUploads":
    case "UploadBroken":
      return Response.refusal({ action, errors: { data: [`attachment: ${text}`] } })
    default: {
      const errors = action === "log-in" ? { username: [text] } : { data: [`message: ${text}`] }
      return Response.refusal({ action, errors })
    }
  }
}

/**
 * Begins a conversation with a peer that has just connected.
 *
 * @see PROTOCOL.md §§ 5-10
 */
export const make = ({ isPacing, now, said }: Settings): Conversation<TossPacket, ByteFrame> => {
  const incoming = new Map<number, Incoming>()
  let variant: PillowFrames.Variant = "slip"
  let isLoggedIn = false
  /** Whether the peer has done what the original never does. */
  let isOther = false

  const encode = (response: Response.Response): ReadonlyArray<ByteFrame> => Frames.encode(response, variant)
  const send = (response: Response.Response): Steps => sendAll(encode(response))
  const acknowledge = (): Step => ({ _tag: "Acknowledge", frame: PillowFrames.acknowledge(variant), holdMillis })

  const turns = Turns.make<Step>()

  const rename = (name: string): Step => ({
    _tag: "Run",
    command: { _tag: "Rename", name },
    replied: () => send(Response.welcome(now())),
    refused: (rejection) => refuseName(name, rejection)
  })

  const refuseName = (name: string, rejection: Rejection): Steps =>
    send(rejection._tag === "NameTaken" ? Response.nameTaken(name) : refusal("log-in", rejection))

  const logIn = (name: string): Step =>
    isLoggedIn
      ? rename(name)
      : {
          _tag: "Login",
          name,
          refused: (rejection) => (rejection._tag === "AlreadyLoggedIn" ? [rename(name)] : refuseName(name, rejection))
        }

  const upload = (command: Command, file: Incoming): Step => ({
    _tag: "Run",
    command,
    replied: () => nothing,
    refused: (rejection) => {
      file.rejection ??= rejection
      return nothing
    }
  })

  const confirm = (reply: Reply): Steps => {
    if (reply._tag !== "Accepted") return nothing
    const { message } = reply
    return message.to === undefined ? sendAll(said(message, variant)) : send(Events.whispered(message, message.to))
  }

  const say = ({ attachment, message = "" }: Request.Request & { readonly _tag: "SendMessage" }): Step => {
    const ordinal = attachment?.file.ordinal
    const file = ordinal === undefined ? undefined : incoming.get(ordinal)
    if (ordinal !== undefined) incoming.delete(ordinal)
    const answer = turns.next()
    return {
      _tag: "Run",
      command:
        ordinal === undefined
          ? { _tag: "Say", text: message }
          : { _tag: "Say", text: message, upload: { key: ordinal, name: attachment!.name } },
      whenStored: true,
      replied: (reply) => answer(confirm(reply)),
      refused: (rejection) => {
        // What went wrong with the file says more than that it is not there.
        const cause = (rejection._tag === "UploadBroken" ? file?.rejection : undefined) ?? rejection
        return answer(send(refusal("send-message", cause)))
      }
    }
  }

  const carryOut = (request: Request.Request): Step => {
    switch (request._tag) {
      case "Chunks":
        return acknowledge()
      case "LogIn":
        return logIn(request.username)
      case "SendMessage":
        return say(request)
    }
  }

  /** Drops the files that no request has taken. */
  const dropRest = (): Steps => {
    if (incoming.size === 0) return nothing
    const steps = [...incoming].map(([key, file]) => upload({ _tag: "DropUpload", key }, file))
    incoming.clear()
    return steps
  }

  /** Goes on behind an announcement, for whose acknowledgement the original waits before it says what it has announced. */
  const release = (hasMore: boolean): Steps => {
    isOther ||= hasMore
    return hasMore ? [{ _tag: "Release" }] : nothing
  }

  const receive = (packet: TossPacket): Steps => {
    switch (packet._tag) {
      case "Continued":
        return [{ _tag: "Release" }]
      case "FileBegan": {
        if (!Request.isAttachment(packet.path)) return nothing
        const file: Incoming = { atByte: 0 }
        incoming.set(packet.ordinal, file)
        return [upload({ _tag: "BeginUpload", key: packet.ordinal, sizeBytes: packet.sizeBytes }, file)]
      }
      case "FilePiece": {
        const file = incoming.get(packet.ordinal)
        if (file === undefined || file.rejection !== undefined) return nothing
        const { bytes, ordinal: key } = packet
        const { atByte } = file
        file.atByte += bytes.length
        return [upload({ _tag: "WriteUpload", key, atByte, bytes }, file)]
      }
      case "FileEnded":
        return nothing
      case "Request": {
        const { hasMore, isAnnounced, request } = packet
        variant = packet.variant
        const isAnnouncement = request._tag === "Chunks"
        // The original announces whatever it says.
        if (!isAnnounced && !isAnnouncement) isOther = true
        return [carryOut(request), ...dropRest(), ...(isAnnouncement ? release(hasMore) : nothing)]
      }
      case "Refused": {
        const { hasMore, isAnnounced, refusal } = packet
        const { isAnnouncement } = refusal
        variant = packet.variant
        if (!isAnnounced && !isAnnouncement) isOther = true
        return [
          ...(isAnnouncement ? [acknowledge()] : nothing),
          ...send(Response.refusal(refusal)),
          ...dropRest(),
          ...(isAnnouncement ? release(hasMore) : nothing)
        ]
      }
      case "Failed":
        variant = packet.variant
        if (!packet.isAnnounced) isOther = true
        return [...send(Response.failure(packet.failure.status, packet.failure.detail)), ...dropRest()]
    }
  }

  return {
    open: () => nothing,
    receive,
    present: (event) => {
      if (event._tag === "LoggedIn") isLoggedIn = true
      return Events.tell(event, now()).flatMap(encode)
    },
    get variant() {
      return variant === "slip" ? 0 : 1
    },
    get isPaced() {
      return isPacing && (variant === "json" || !isOther)
    },
    isExempt: false,
    farewell: (reason) => Events.farewell(reason, isLoggedIn, now()).flatMap(encode)
  }
}
