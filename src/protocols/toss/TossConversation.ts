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
import type { PersonalEvent } from "../../domain/Event.ts"
import type { HangupReason } from "../../domain/Hangup.ts"
import * as Credential from "../../domain/Credential.ts"
import { explain, type RefusedByPolicy, type Rejection } from "../../domain/Rejection.ts"
import type { ByteFrame, Conversation } from "../Protocol.ts"
import type { Step as ProtocolStep } from "../Step.ts"
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
type LogIn = Request.Request & { readonly _tag: "LogIn" }

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

const upload = (command: Command, file: Incoming): Step => ({
  _tag: "Run",
  command,
  replied: () => nothing,
  refused: (rejection) => {
    file.rejection ??= rejection
    return nothing
  }
})

/** Why a request was refused, as errors of the request. */
const refusal = (
  action: "log-in" | "send-message",
  rejection: Rejection,
  about: "message" | "attachment" = "message"
): Response.Response => {
  const text = explain(rejection)
  switch (rejection._tag) {
    case "StorageFailed":
      return Response.failure(202, text)
    case "NotLoggedIn":
      return Response.refusal({ action, errors: { username: [text] } })
    case "FileTooLarge":
    case "TooManyUploads":
    case "UploadsTooLarge":
    case "UploadBroken":
      return Response.refusal({ action, errors: { data: [`attachment: ${text}`] } })
    default: {
      const errors = action === "log-in" ? { username: [text] } : { data: [`${about}: ${text}`] }
      const policy = rejection._tag === "RefusedByPolicy" ? { policy: [rejection.code] } : {}
      return Response.refusal({ action, errors: { ...errors, ...policy } })
    }
  }
}

const fault: Step = { _tag: "Fault" }
const released: Steps = [{ _tag: "Release" }]

// A class, because every connection has one: its instances are smaller than closures.
class TossConversation implements Conversation<TossPacket, ByteFrame> {
  readonly isExempt = false
  readonly #settings: Settings
  readonly #turns = Turns.make<Step>()
  #incoming: Map<number, Incoming> | undefined
  #variant: PillowFrames.Variant = "slip"
  #isLoggedIn = false
  // Whether the peer has done what the original never does.
  #isOther = false

  constructor(settings: Settings) {
    this.#settings = settings
  }

  get variant(): number {
    return this.#variant === "slip" ? 0 : 1
  }

  get isPaced(): boolean {
    return this.#settings.isPacing && (this.#variant === "json" || !this.#isOther)
  }

  open(): Steps {
    return nothing
  }

  receive(packet: TossPacket): Steps {
    switch (packet._tag) {
      case "Continued":
        return released
      case "FileBegan": {
        if (!Request.isAttachment(packet.path)) return nothing
        const file: Incoming = { atByte: 0 }
        this.#incoming ??= new Map()
        this.#incoming.set(packet.ordinal, file)
        return [upload({ _tag: "BeginUpload", key: packet.ordinal, sizeBytes: packet.sizeBytes }, file)]
      }
      case "FilePiece": {
        const file = this.#incoming?.get(packet.ordinal)
        if (file === undefined || file.rejection !== undefined) return nothing
        const { bytes, ordinal: key } = packet
        const { atByte } = file
        file.atByte += bytes.length
        return [upload({ _tag: "WriteUpload", key, atByte, bytes }, file)]
      }
      case "FileEnded":
        return nothing
      case "Request": {
        const { hasMore, isAnnounced, request, variant } = packet
        this.#variant = variant
        if (request._tag === "Chunks") return [this.#acknowledge(), ...this.#dropRest(), ...this.#release(hasMore)]
        // The original announces whatever it says.
        if (!isAnnounced) this.#isOther = true
        return [request._tag === "LogIn" ? this.#logIn(request) : this.#say(request), ...this.#dropRest()]
      }
      case "Refused": {
        const { hasMore, isAnnounced, refusal, variant } = packet
        this.#variant = variant
        const answer = this.#send(Response.refusal(refusal))
        if (refusal.isAnnouncement) {
          return [this.#acknowledge(), fault, ...answer, ...this.#dropRest(), ...this.#release(hasMore)]
        }
        if (!isAnnounced) this.#isOther = true
        return [fault, ...answer, ...this.#dropRest()]
      }
      case "Failed": {
        const { failure, isAnnounced, variant } = packet
        this.#variant = variant
        if (!isAnnounced) this.#isOther = true
        return [fault, ...this.#send(Response.failure(failure.status, failure.detail)), ...this.#dropRest()]
      }
    }
  }

  present(event: PersonalEvent): ReadonlyArray<ByteFrame> {
    if (event._tag === "LoggedIn") this.#isLoggedIn = true
    return Events.tell(event, this.#settings.now()).flatMap((response) => this.#encode(response))
  }

  farewell(reason: HangupReason, refusal?: RefusedByPolicy): ReadonlyArray<ByteFrame> {
    const responses = Events.farewell(reason, this.#isLoggedIn, this.#settings.now(), refusal?.reason)
    return responses.flatMap((response) => this.#encode(response))
  }

  #encode(response: Response.Response): ReadonlyArray<ByteFrame> {
    return Frames.encode(response, this.#variant)
  }

  #send(response: Response.Response): Steps {
    return sendAll(this.#encode(response))
  }

  #acknowledge(): Step {
    return { _tag: "Send", frame: PillowFrames.acknowledge(this.#variant), holdMillis }
  }

  #rename({ password, username: name }: LogIn): Step {
    return {
      _tag: "Run",
      command: { _tag: "Rename", name, ...Credential.given(password) },
      replied: () => this.#send(Response.welcome(this.#settings.now())),
      refused: (rejection) => this.#refuseName(name, rejection)
    }
  }

  #refuseName(name: string, rejection: Rejection): Steps {
    return this.#send(rejection._tag === "NameTaken" ? Response.nameTaken(name) : refusal("log-in", rejection))
  }

  #logIn(request: LogIn): Step {
    const { password, username: name } = request
    if (this.#isLoggedIn) return this.#rename(request)
    return {
      _tag: "Login",
      name,
      ...Credential.given(password),
      refused: (rejection) =>
        rejection._tag === "AlreadyLoggedIn" ? [this.#rename(request)] : this.#refuseName(name, rejection)
    }
  }

  #confirm(reply: Reply): Steps {
    if (reply._tag !== "Accepted") return nothing
    const { message } = reply
    if (message.to !== undefined) return this.#send(Events.whispered(message, message.to))
    return sendAll(this.#settings.said(message, this.#variant))
  }

  #say({ attachment, message = "" }: Request.Request & { readonly _tag: "SendMessage" }): Step {
    const ordinal = attachment?.file.ordinal
    const file = ordinal === undefined ? undefined : this.#incoming?.get(ordinal)
    if (ordinal !== undefined) this.#incoming?.delete(ordinal)
    const answer = this.#turns.next()
    return {
      _tag: "Run",
      command:
        ordinal === undefined
          ? { _tag: "Say", text: message }
          : { _tag: "Say", text: message, upload: { key: ordinal, name: attachment!.name } },
      whenStored: true,
      replied: (reply) => answer(this.#confirm(reply)),
      refused: (rejection) => {
        // What went wrong with the file says more than that it is not there.
        const cause = rejection._tag === "UploadBroken" ? file?.rejection : undefined
        return answer(this.#send(refusal("send-message", cause ?? rejection, cause && "attachment")))
      }
    }
  }

  // Drops the files that no request has taken.
  #dropRest(): Steps {
    const incoming = this.#incoming
    if (incoming === undefined || incoming.size === 0) return nothing
    this.#incoming = undefined
    return [...incoming].map(([key, file]) => upload({ _tag: "DropUpload", key }, file))
  }

  // Goes on behind an announcement, for whose acknowledgement the original waits before it says what it has announced.
  #release(hasMore: boolean): Steps {
    if (!hasMore) return nothing
    this.#isOther = true
    return released
  }
}

/**
 * Begins a conversation with a peer that has just connected.
 *
 * @see PROTOCOL.md §§ 5-10
 */
export const make = (settings: Settings): Conversation<TossPacket, ByteFrame> => new TossConversation(settings)
