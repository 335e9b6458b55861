/** What the packages of an event are; an event that a peer is to hear nothing of has none. */
import type { Perspective, PersonalEvent, SharedEvent } from "../../domain/Event.ts"
import { explain } from "../../domain/Hangup.ts"
import { inWords, type Message } from "../../domain/Message.ts"
import { crowdLimit, type RoomSummary } from "../../domain/Room.ts"
import * as Frames from "./ChatMasterFrames.ts"
import * as Packet from "./ChatMasterPacket.ts"

type Packages = ReadonlyArray<Packet.ServerPackage>

/** Prepares a list of names for its reader: leaves it whole, or makes it fit. */
export type Listing = (names: ReadonlyArray<string>) => ReadonlyArray<string>

const nothing: Packages = []

const speak = (username: string, text: string, isPrivate = false): Packages =>
  Frames.divide(text).map((piece) => Packet.message(username, isPrivate ? `(private) ${piece}` : piece, isPrivate))

/** What the server says in a message of its own. */
export const notice = (text: string): Packages => speak("Server", text)

const said = ({ attachment, from, text, to }: Message): Packages =>
  speak(from, inWords(text, attachment), to !== undefined)

type Presence = SharedEvent & { readonly _tag: "UserJoined" | "UserLeft" }

const presence = ({ _tag, members, room, user }: Presence, as: Perspective, list: Listing): Packages => {
  const hasJoined = _tag === "UserJoined"
  if (members === undefined || (as === "witness" && members.length > crowdLimit)) {
    return notice(`${user.name} has ${hasJoined ? "joined" : "left"} ${room}.`)
  }
  return [Packet.presence(hasJoined ? "user_joined" : "user_left", user.name, room, list(members))]
}

/** The names of the channels that anybody may see. */
export const publicChannels = (rooms: ReadonlyArray<RoomSummary>): ReadonlyArray<string> =>
  rooms.filter((room) => !room.isPrivate).map((room) => room.name)

/**
 * The packages of an event that several recipients share.
 *
 * @see PROTOCOL.md §§ 5-7
 */
export const share = (event: SharedEvent, as: Perspective, list: Listing): Packages => {
  switch (event._tag) {
    case "UserJoined":
      // Whoever logs in has the session package, and whoever comes back has the channel list.
      return as === "actor" && event.cause !== "join" ? nothing : presence(event, as, list)
    case "UserLeft":
      return as === "actor" ? nothing : presence(event, as, list)
    case "UserRenamed":
      return [Packet.renaming(event.oldName, event.user.name)]
    case "Said":
      return as === "actor" ? nothing : said(event.message)
    case "RoomChanged":
      return as === "actor" ? nothing : notice(`${event.room} is ${event.isPrivate ? "private" : "public"} now.`)
    case "Announced":
      return notice(event.text)
    case "ServerStopping":
      return notice(explain("stopping"))
  }
}

/**
 * The packages of an event that is one peer's alone.
 *
 * @see PROTOCOL.md §§ 3, 5-7
 */
export const tell = (event: PersonalEvent, list: Listing): Packages => {
  switch (event._tag) {
    case "LoggedIn":
      return [Packet.session(list(publicChannels(event.rooms)))]
    case "RoomLeft":
      return [Packet.channelList(list(publicChannels(event.rooms)))]
    case "Noticed":
      return notice(event.text)
    case "Invited":
      return notice(`${event.by} has invited you to ${event.room}.`)
  }
}
