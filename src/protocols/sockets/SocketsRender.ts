/** Events of the chat as events of the `sockets` protocol. */
import { Predicate, String } from "effect"
import type { Reply } from "../../domain/Command.ts"
import type { PersonalEvent, Perspective, SharedEvent } from "../../domain/Event.ts"
import type { Attachment, Message } from "../../domain/Message.ts"
import { remark } from "../../domain/Notice.ts"
import { OutgoingEvent, type SocketIoPacket } from "../SocketIoPacket.ts"
import type { Answer, FileNote, Recorded, ServerEvent } from "./SocketsPacket.ts"

/** A frame that carries an event of the server. */
export const frame = ({ name, args }: ServerEvent): SocketIoPacket => new OutgoingEvent(name, args)

const serverSays = (message: string): ReadonlyArray<SocketIoPacket> => [
  frame({ name: "message", args: [{ from: "Server", message }] })
]

type PresenceNote = Extract<ServerEvent, { readonly name: "presence" }>["args"][0]

// The words come right behind what they say, so that whoever knows the event can do without them.
const presence = (note: PresenceNote, words: string): ReadonlyArray<SocketIoPacket> => [
  frame({ name: "presence", args: [note] }),
  ...serverSays(words)
]

const sizes = ["bytes", "KiB", "MiB", "GiB"]

const readableSize = (bytes: number): string => {
  let amount = bytes
  let unit = 0
  while (amount >= 1024 && unit < sizes.length - 1) {
    amount /= 1024
    unit += 1
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${sizes[unit]}`
}

const withFile = (text: string, { name, sizeBytes, url }: Attachment): string =>
  `${text === "" ? "" : `${text} `}[${[name, readableSize(sizeBytes), url].filter(String.isNonEmpty).join(", ")}]`

const place = ({ room, to }: Message): { readonly room?: string; readonly to?: string } => ({
  ...(room === undefined ? {} : { room }),
  ...(to === undefined ? {} : { to })
})

const file = (message: Message, { name, sizeBytes, url }: Attachment): SocketIoPacket => {
  const note: FileNote = { from: message.from, name, size: sizeBytes, url, ...place(message) }
  return frame({ name: "file", args: [note] })
}

const sharedFile = ({ name, sizeBytes, url }: Attachment): Recorded["file"] & {} => ({ name, size: sizeBytes, url })

const said = (message: Message): ReadonlyArray<SocketIoPacket> => {
  const { from, number, protocol, atMillis: at, attachment, room, to } = message
  const text = attachment === undefined ? message.text : withFile(message.text, attachment)
  const frames: Array<SocketIoPacket> = []
  if (to === undefined) {
    const plain = attachment === undefined ? {} : { text: message.text, file: sharedFile(attachment) }
    const note = { from, message: text, ...(room === undefined ? {} : { room }), number, at, protocol, ...plain }
    frames.push(frame({ name: "message", args: [note] }))
  } else {
    const marked = { from, message: `(private) ${text}`, number, at, protocol, private: true as const }
    const shared = attachment === undefined ? {} : { file: sharedFile(attachment) }
    const direct = { from, to, message: message.text, number, at, protocol, ...shared }
    frames.push(frame({ name: "direct", args: [direct] }))
    frames.push(frame({ name: "message", args: [marked] }))
  }
  if (attachment !== undefined) frames.push(file(message, attachment))
  return frames
}

/** What members of a room, or everybody, get to see (`PROTOCOL.md` § 3 and § 5). Nothing is told to a message's author. */
export const shared = (event: SharedEvent, as: Perspective): ReadonlyArray<SocketIoPacket> => {
  switch (event._tag) {
    case "UserJoined": {
      const { cause, room, user } = event
      if (cause === "return" && as === "actor") return []
      const where = cause === "login" ? "the chat" : room
      return presence({ event: "joined", user, room, cause }, `${user.name} has joined ${where}`)
    }
    case "UserLeft": {
      const { cause, room, user } = event
      if (as === "actor") return []
      const where = cause === "logout" ? "the chat" : room
      return presence({ event: "left", user, room, cause }, `${user.name} left ${where}`)
    }
    case "UserRenamed": {
      const { oldName, user } = event
      return presence({ event: "renamed", user, oldName }, `${oldName} is now ${user.name}`)
    }
    case "Said":
      return as === "actor" ? [] : said(event.message)
    case "RoomChanged": {
      const { isPrivate, room } = event
      return [frame({ name: "room", args: [{ room, isPrivate }] }), ...serverSays(remark(event))]
    }
    case "Announced":
      return serverSays(remark(event))
    case "ServerStopping":
      return serverSays("The server is stopping.")
  }
}

/** What one user alone gets to see. A login is answered by the conversation, which knows how it was asked. */
export const personal = (event: Exclude<PersonalEvent, { _tag: "LoggedIn" }>): ReadonlyArray<SocketIoPacket> => {
  const words = serverSays(remark(event))
  if (event._tag !== "Invited") return words
  return [frame({ name: "invited", args: [{ room: event.room, by: event.by }] }), ...words]
}

/** What follows the answer to a login. */
export const welcome = ({ rooms, user }: PersonalEvent & { readonly _tag: "LoggedIn" }): SocketIoPacket =>
  frame({ name: "welcome", args: [{ user, rooms }] })

const recorded = (message: Message): Recorded => ({
  from: message.from,
  message: message.text,
  number: message.number,
  at: message.atMillis,
  protocol: message.protocol,
  ...place(message),
  ...(message.attachment === undefined ? {} : { file: sharedFile(message.attachment) })
})

const accepted = ({ atMillis, attachment, number }: Message): Answer => ({
  ok: true,
  number,
  at: atMillis,
  ...(attachment === undefined ? {} : { file: sharedFile(attachment) })
})

/** What the chat replied, as an acknowledgement carries it (`PROTOCOL.md` § 4). */
export const answer = (reply: Reply): Answer => {
  switch (reply._tag) {
    // No event of this protocol asks for files by their numbers.
    case "UploadBegun":
    case "DownloadBegun":
    case "Files":
    case "FileRead":
    case "Done":
      return { ok: true }
    case "UploadOpened":
      return { ok: true, url: reply.path }
    case "Accepted":
      return accepted(reply.message)
    case "Rooms":
      return { ok: true, rooms: reply.rooms }
    case "Users":
      return { ok: true, ...(Predicate.isUndefined(reply.room) ? {} : { room: reply.room }), users: reply.users }
    case "Messages":
      return { ok: true, room: reply.room, messages: reply.messages.map(recorded) }
    case "Renamed":
      return { ok: true, name: reply.name }
    case "Joined":
      return { ok: true, room: reply.room, members: reply.members }
  }
}
