/** What the packages of an event are; an event that a peer is to hear nothing of has none. */
import type { Perspective, PersonalEvent, SharedEvent } from "../../domain/Event.ts"
import { explain } from "../../domain/Hangup.ts"
import { inWords, type Message } from "../../domain/Message.ts"
import type { RoomSummary } from "../../domain/Room.ts"
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
      return as === "actor" && event.cause !== "join"
        ? nothing
        : [Packet.presence("user_joined", event.user.name, event.room, list(event.members))]
    case "UserLeft":
      return as === "actor" ? nothing : [Packet.presence("user_left", event.user.name, event.room, list(event.members))]
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
