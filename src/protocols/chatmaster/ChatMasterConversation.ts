/**
 * One ChatMaster connection.
 *
 * - The server speaks first, and asks for a name once only: the original answers every such request with a login.
 * - Everybody is in `general` after login, but the peer does not know: its first `join general` has to look as if it
 *   came in, and its `leave` as if it were nowhere. The chat knows one kind of being in `general`, so whether the peer
 *   asked for it is kept here.
 */
import type { Command, Reply } from "../../domain/Command.ts"
import { explain as explainHangup } from "../../domain/Hangup.ts"
import { general, lookAlikeKey } from "../../domain/Names.ts"
import { explain, type Rejection } from "../../domain/Rejection.ts"
import type { Conversation, Step as ProtocolStep } from "../Protocol.ts"
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

/**
 * Begins a conversation with a peer that has just connected.
 *
 * @see PROTOCOL.md §§ 3-10
 */
export const make = (settings: Settings): Conversation<Packet.Received, Uint8Array> => {
  let container: Container = 0
  /** Whether the peer has done what the original never does. */
  let isOther = false
  let isDenied = false
  let isInGeneralByChoice = false
  let ownName = ""
  let lastWords = ""

  const isPaced = () => settings.isPacing && !isOther
  const list: Events.Listing = (names) => (isPaced() ? Frames.fitting(names) : names)
  const encode = (serverPackage: Packet.ServerPackage) => Frames.encode(serverPackage, container)
  const send = (serverPackage: Packet.ServerPackage): Step => ({ _tag: "Send", frame: encode(serverPackage) })
  const fail = (command: string, text: string): Steps => [send(Packet.error(command, text))]
  const sendChannels = (reply: Reply): Steps =>
    reply._tag === "Rooms" ? [send(Packet.channelList(list(Events.publicChannels(reply.rooms))))] : nothing

  const track = (reply: Reply): void => {
    if (reply._tag === "Renamed") ownName = reply.name
    if (reply._tag === "Joined") isInGeneralByChoice = isGeneral(reply.room)
  }

  const run = (
    asked: string,
    command: Command,
    replied: (reply: Reply) => Steps = () => nothing,
    refused: (rejection: Rejection) => Steps | undefined = () => undefined
  ): Step => ({
    _tag: "Run",
    command,
    replied: (reply) => {
      track(reply)
      return replied(reply)
    },
    refused: (rejection) => refused(rejection) ?? fail(asked, explain(rejection))
  })

  const login = (parameters: Packet.Parameters): Step => {
    const name = Packet.argument(parameters, "username")
    return {
      _tag: "Login",
      // Nobody can have the empty name, so the chat says what else is wrong, such as a login that there already is.
      name: name ?? "",
      refused: (rejection) => {
        if (rejection._tag === "AlreadyLoggedIn") return fail("login", explain(rejection))
        isDenied = true
        const isMissing = name === undefined && rejection._tag === "NameInvalid"
        return [send(Packet.denial(isMissing ? "Username must be a string." : explain(rejection)))]
      }
    }
  }

  const join = (room: string): Step =>
    run("join", { _tag: "JoinRoom", room }, undefined, (rejection) => {
      if (rejection._tag !== "AlreadyInRoom" || isInGeneralByChoice || !isGeneral(room)) return undefined
      isInGeneralByChoice = true
      const welcome = (reply: Reply): Steps => {
        if (reply._tag !== "Users") return nothing
        const members = list(reply.users.map((user) => user.name))
        return [send(Packet.presence("user_joined", ownName, general, members))]
      }
      return [run("join", { _tag: "ListUsers", room: general }, welcome)]
    })

  const leave = (): Step =>
    run("leave", { _tag: "LeaveRoom" }, undefined, (rejection) => {
      if (rejection._tag !== "NotInRoom" || !isInGeneralByChoice) return undefined
      isInGeneralByChoice = false
      return [run("leave", { _tag: "ListRooms" }, sendChannels)]
    })

  const carryOut = (asked: string, parameters: Packet.Parameters): Steps => {
    const username = Packet.argument(parameters, "username")
    switch (asked) {
      case "login":
        return [login(parameters)]
      case "rename":
        if (username === undefined) return fail(asked, "Username must be a string.")
        return [run(asked, { _tag: "Rename", name: username })]
      case "invite":
        if (username === undefined) return fail(asked, "Username must be a string.")
        return [run(asked, { _tag: "Invite", name: username })]
      case "join": {
        const channel = Packet.argument(parameters, "channel")
        return channel === undefined ? fail(asked, "Channel must be a string.") : [join(channel)]
      }
      case "leave":
        return [leave()]
      case "private":
      case "public":
        return [run(asked, { _tag: "SetPrivate", isPrivate: asked === "private" })]
      case "channels":
      case "channel_list":
        return [run(asked, { _tag: "ListRooms" }, sendChannels)]
      default:
        return fail(errorType(asked), "There is no such command.")
    }
  }

  /** Whether the original would never have sent this. */
  const isForeign = (packet: Packet.Message | Packet.Command): boolean => {
    if (packet.container !== 0 || !packet.isSpaced) return true
    if (packet._tag === "Message") return packet.hasUsername
    if (!packet.hasParameters || packet.command === "channels") return true
    return packet.command === "login" && Packet.readsStream(packet.parameters)
  }

  const receive = (packet: Packet.Received): Steps => {
    container = packet.container ?? container
    switch (packet._tag) {
      case "Message":
        isOther ||= isForeign(packet)
        return [run("message", { _tag: "Say", text: packet.text })]
      case "Command":
        isOther ||= isForeign(packet)
        return carryOut(packet.command, packet.parameters)
      case "Misshapen":
        return fail("package", packet.detail)
      case "Unreadable":
        lastWords = packet.detail
        return [{ _tag: "Hangup", reason: packet.reason, detail: packet.detail }]
    }
  }

  return {
    open: () => [send(Packet.loginRequest)],
    receive,
    present: (event) => {
      if (event._tag === "LoggedIn") ownName = event.user.name
      if (event._tag === "RoomLeft") isInGeneralByChoice = false
      return Events.tell(event, list).map(encode)
    },
    get variant() {
      return container
    },
    get isPaced() {
      return isPaced()
    },
    get isExempt() {
      return isDenied
    },
    farewell: (reason) => {
      switch (reason) {
        case "stopping":
        case "done":
          return []
        case "malformed":
        case "faulty":
        case "too-large":
          return [encode(Packet.error("package", `${explainHangup(reason)} ${lastWords}`.trim()))]
        case "login-timeout":
        case "login-limit":
          return [encode(Packet.error("login", explainHangup(reason)))]
        case "slow":
        case "killed":
        case "too-many":
        case "banned":
          return [encode(Packet.error("connection", explainHangup(reason)))]
      }
    }
  }
}
