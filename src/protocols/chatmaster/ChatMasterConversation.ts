/**
 * One ChatMaster connection.
 *
 * - The server speaks first, and asks for a name once only: the original answers every such request with a login.
 * - Everybody is in `general` after login, but the peer does not know: its first `join general` has to look as if it
 *   came in, and its `leave` as if it were nowhere. The chat knows one kind of being in `general`, so whether the peer
 *   asked for it is kept here.
 */
import type { Command, Reply } from "../../domain/Command.ts"
import * as Credential from "../../domain/Credential.ts"
import type { PersonalEvent } from "../../domain/Event.ts"
import { explain as explainHangup, type HangupReason } from "../../domain/Hangup.ts"
import { general, lookAlikeKey } from "../../domain/Names.ts"
import { explain, type RefusedByPolicy, type Rejection } from "../../domain/Rejection.ts"
import type { Conversation } from "../Protocol.ts"
import type { Step as ProtocolStep } from "../Step.ts"
import * as Events from "./ChatMasterEvents.ts"
import * as Frames from "./ChatMasterFrames.ts"
import * as Packet from "./ChatMasterPacket.ts"
import type { Container } from "./Compression.ts"

/** What a conversation needs to know. */
export interface Settings {
  /** Whether a peer that may be the original gets its packages one at a time. */
  readonly isPacing: boolean
}

type Step = ProtocolStep<Uint8Array>
type Steps = ReadonlyArray<Step>

const nothing: Steps = []

const isGeneral = (room: string): boolean => lookAlikeKey(room) === lookAlikeKey(general)

/** The beginning of what somebody called a command, to call its error by. */
const errorType = (command: string): string => command.slice(0, 64).toWellFormed() || "command"

/** The code of a refusal of the policy; the protocol has no others. */
const policyCode = (rejection: Rejection): string | undefined =>
  rejection._tag === "RefusedByPolicy" ? rejection.code : undefined

const passwordWrong = `Password must be a string of at most ${Credential.limitCredentialUnits} characters.`

/** Whether the original might have sent this. */
const isOriginals = (packet: Packet.Message | Packet.Command): boolean => {
  if (packet.container !== 0 || !packet.isSpaced) return false
  if (packet._tag === "Message") return !packet.hasUsername
  if (!packet.hasParameters || packet.command === "channels") return false
  return packet.command !== "login" || !Packet.readsStream(packet.parameters)
}

// A class, because every connection has one: its instances are smaller than closures.
class ChatMasterConversation implements Conversation<Packet.Received, Uint8Array> {
  readonly #settings: Settings
  #container: Container = 0
  // Whether the peer has done what the original never does.
  #isOther = false
  #isInGeneralByChoice = false
  #ownName = ""
  #lastWords = ""
  isExempt = false

  constructor(settings: Settings) {
    this.#settings = settings
  }

  get variant(): number {
    return this.#container
  }

  get isPaced(): boolean {
    return this.#settings.isPacing && !this.#isOther
  }

  open(): Steps {
    return [this.#send(Packet.loginRequest)]
  }

  receive(packet: Packet.Received): Steps {
    this.#container = packet.container ?? this.#container
    switch (packet._tag) {
      case "Message":
        this.#isOther ||= !isOriginals(packet)
        return [this.#run("message", { _tag: "Say", text: packet.text })]
      case "Command":
        this.#isOther ||= !isOriginals(packet)
        return this.#carryOut(packet)
      case "Misshapen":
        return this.#fault("package", packet.detail)
      case "Unreadable":
        this.#lastWords = packet.detail
        return [{ _tag: "Hangup", reason: packet.reason, detail: packet.detail }]
    }
  }

  present(event: PersonalEvent): ReadonlyArray<Uint8Array> {
    if (event._tag === "LoggedIn") this.#ownName = event.user.name
    if (event._tag === "RoomLeft") this.#isInGeneralByChoice = false
    return Events.tell(event, (names) => this.#list(names)).map((it) => this.#encode(it))
  }

  farewell(reason: HangupReason, refusal?: RefusedByPolicy): ReadonlyArray<Uint8Array> {
    switch (reason) {
      case "stopping":
      case "done":
        return []
      case "malformed":
      case "faulty":
      case "too-large":
        return [this.#encode(Packet.error("package", `${explainHangup(reason)} ${this.#lastWords}`.trim()))]
      case "login-timeout":
      case "login-limit":
        return [this.#encode(Packet.error("login", explainHangup(reason)))]
      case "flooding":
      case "slow":
      case "killed":
      case "too-many":
      case "banned":
        return [this.#encode(Packet.error("connection", explainHangup(reason)))]
      case "refused":
        return [this.#encode(Packet.error("connection", refusal?.reason ?? explainHangup(reason), refusal?.code))]
    }
  }

  #list(names: ReadonlyArray<string>): ReadonlyArray<string> {
    return this.isPaced ? Frames.fitting(names) : names
  }

  #encode(serverPackage: Packet.ServerPackage): Uint8Array {
    return Frames.encode(serverPackage, this.#container)
  }

  #send(serverPackage: Packet.ServerPackage): Step {
    return { _tag: "Send", frame: this.#encode(serverPackage) }
  }

  #fail(command: string, rejection: Rejection): Steps {
    return [this.#send(Packet.error(command, explain(rejection), policyCode(rejection)))]
  }

  #fault(command: string, text: string): Steps {
    return [{ _tag: "Fault" }, this.#send(Packet.error(command, text))]
  }

  #sendChannels(reply: Reply): Steps {
    if (reply._tag !== "Rooms") return nothing
    return [this.#send(Packet.channelList(this.#list(Events.publicChannels(reply.rooms))))]
  }

  #track(reply: Reply): void {
    if (reply._tag === "Renamed") this.#ownName = reply.name
    if (reply._tag === "Joined") this.#isInGeneralByChoice = isGeneral(reply.room)
  }

  #run(
    asked: string,
    command: Command,
    replied: (reply: Reply) => Steps = () => nothing,
    refused: (rejection: Rejection) => Steps | undefined = () => undefined
  ): Step {
    return {
      _tag: "Run",
      command,
      replied: (reply) => {
        this.#track(reply)
        return replied(reply)
      },
      refused: (rejection) => refused(rejection) ?? this.#fail(asked, rejection)
    }
  }

  #login({ credential, parameters }: Packet.Command): Step {
    const isWrong = credential === "wrong"
    const name = isWrong ? "" : Packet.argument(parameters, "username")
    return {
      _tag: "Login",
      // Nobody can have the empty name, so the chat says what else is wrong, such as a login that there already is.
      name: name ?? "",
      ...Credential.given(isWrong ? undefined : credential),
      refused: (rejection) => {
        if (rejection._tag === "AlreadyLoggedIn") return this.#fail("login", rejection)
        this.isExempt = true
        const isMissing = name === undefined && rejection._tag === "NameInvalid"
        const reason = isWrong ? passwordWrong : isMissing ? "Username must be a string." : explain(rejection)
        return [this.#send(Packet.denial(reason, policyCode(rejection)))]
      }
    }
  }

  #join(room: string): Step {
    return this.#run("join", { _tag: "JoinRoom", room }, undefined, (rejection) => {
      if (rejection._tag !== "AlreadyInRoom" || this.#isInGeneralByChoice || !isGeneral(room)) return undefined
      this.#isInGeneralByChoice = true
      const welcome = (reply: Reply): Steps => {
        if (reply._tag !== "Users") return nothing
        const members = this.#list(reply.users.map((user) => user.name))
        return [this.#send(Packet.presence("user_joined", this.#ownName, general, members))]
      }
      return [this.#run("join", { _tag: "ListUsers", room: general }, welcome)]
    })
  }

  #leave(): Step {
    return this.#run("leave", { _tag: "LeaveRoom" }, undefined, (rejection) => {
      if (rejection._tag !== "NotInRoom" || !this.#isInGeneralByChoice) return undefined
      this.#isInGeneralByChoice = false
      return [this.#run("leave", { _tag: "ListRooms" }, (reply) => this.#sendChannels(reply))]
    })
  }

  #carryOut(packet: Packet.Command): Steps {
    const { command: asked, credential, parameters } = packet
    const username = Packet.argument(parameters, "username")
    switch (asked) {
      case "login":
        return [this.#login(packet)]
      case "rename":
        if (username === undefined) return this.#fault(asked, "Username must be a string.")
        if (credential === "wrong") return this.#fault(asked, passwordWrong)
        return [this.#run(asked, { _tag: "Rename", name: username, ...Credential.given(credential) })]
      case "invite":
        if (username === undefined) return this.#fault(asked, "Username must be a string.")
        return [this.#run(asked, { _tag: "Invite", name: username })]
      case "join": {
        const channel = Packet.argument(parameters, "channel")
        return channel === undefined ? this.#fault(asked, "Channel must be a string.") : [this.#join(channel)]
      }
      case "leave":
        return [this.#leave()]
      case "private":
      case "public":
        return [this.#run(asked, { _tag: "SetPrivate", isPrivate: asked === "private" })]
      case "channels":
      case "channel_list":
        return [this.#run(asked, { _tag: "ListRooms" }, (reply) => this.#sendChannels(reply))]
      default:
        return this.#fault(errorType(asked), "There is no such command.")
    }
  }
}

/**
 * Begins a conversation with a peer that has just connected.
 *
 * @see PROTOCOL.md §§ 3-10
 */
export const make = (settings: Settings): Conversation<Packet.Received, Uint8Array> =>
  new ChatMasterConversation(settings)
