/** Events of the chat as events of the `sockets` protocol. */
import { Predicate, String } from "effect"
import type { Reply } from "../../domain/Command.ts"
import type { PersonalEvent, Perspective, SharedEvent } from "../../domain/Event.ts"
import type { FileSummary } from "../../domain/FileSummary.ts"
import type { Attachment, Message } from "../../domain/Message.ts"
import { remark } from "../../domain/Notice.ts"
import type { SocketIoPacket } from "../SocketIoPacket.ts"
import type { Answer, FileNote, Recorded, ServerEvent } from "./SocketsPacket.ts"

/** A frame that carries an event of the server. */
export const frame = ({ name, args }: ServerEvent): SocketIoPacket => ({ _tag: "Event", name, args })

const serverSays = (message: string): ReadonlyArray<SocketIoPacket> => [
  frame({ name: "message", args: [{ from: "Server", message }] })
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

const said = (message: Message): ReadonlyArray<SocketIoPacket> => {
  const { from, number, protocol, atMillis: at, attachment, room, to } = message
  const text = attachment === undefined ? message.text : withFile(message.text, attachment)
  const frames: Array<SocketIoPacket> = []
  if (to === undefined) {
    const note = { from, message: text, ...(room === undefined ? {} : { room }), number, at, protocol }
    frames.push(frame({ name: "message", args: [note] }))
  } else {
    const marked = { from, message: `(private) ${text}`, number, at, protocol, private: true as const }
    frames.push(frame({ name: "direct", args: [{ from, to, message: message.text, number, at, protocol }] }))
    frames.push(frame({ name: "message", args: [marked] }))
  }
  if (attachment !== undefined) frames.push(file(message, attachment))
  return frames
}

/** What members of a room, or everybody, get to see (`PROTOCOL.md` § 3 and § 5). Nothing is told to a message's author. */
export const shared = (event: SharedEvent, as: Perspective): ReadonlyArray<SocketIoPacket> => {
  switch (event._tag) {
    case "UserJoined":
      if (event.cause === "login") return serverSays(`${event.user.name} has joined the chat`)
      if (event.cause === "return" && as === "actor") return []
      return serverSays(`${event.user.name} has joined ${event.room}`)
    case "UserLeft":
      if (as === "actor") return []
      return serverSays(`${event.user.name} left ${event.cause === "logout" ? "the chat" : event.room}`)
    case "UserRenamed":
      return serverSays(`${event.oldName} is now ${event.user.name}`)
    case "Said":
      return as === "actor" ? [] : said(event.message)
    case "RoomChanged":
    case "Announced":
      return serverSays(remark(event))
    case "ServerStopping":
      return serverSays("The server is stopping.")
  }
}

/** What one user alone gets to see. A login is answered by the conversation, which knows how it was asked. */
export const personal = (event: Exclude<PersonalEvent, { _tag: "LoggedIn" }>): ReadonlyArray<SocketIoPacket> =>
  serverSays(remark(event))

const recorded = (message: Message): Recorded => ({
  from: message.from,
  message: message.text,
  number: message.number,
  at: message.atMillis,
  protocol: message.protocol,
  ...place(message),
  ...(message.attachment === undefined
    ? {}
    : { file: { name: message.attachment.name, size: message.attachment.sizeBytes, url: message.attachment.url } })
})

// No event of this protocol asks for files by number, so `PROTOCOL.md` has no such answers.
interface FileAnswer {
  readonly ok: true
  readonly file?: number
  readonly files?: ReadonlyArray<FileSummary>
}

/** What the chat replied, as an acknowledgement carries it (`PROTOCOL.md` § 4). */
export const answer = (reply: Reply): Answer | FileAnswer => {
  switch (reply._tag) {
    case "Done":
      return { ok: true }
    case "Accepted":
      return { ok: true, number: reply.message.number }
    case "Rooms":
      return { ok: true, rooms: reply.rooms }
    case "Users":
      return { ok: true, ...(Predicate.isUndefined(reply.room) ? {} : { room: reply.room }), users: reply.users }
    case "Messages":
      return { ok: true, room: reply.room, messages: reply.messages.map(recorded) }
    case "Renamed":
      return { ok: true, name: reply.name }
    case "UploadBegun":
      return { ok: true, file: reply.file }
    case "DownloadBegun":
      return { ok: true, files: [reply.file] }
    case "Files":
      return { ok: true, files: reply.files }
    case "FileRead":
      return { ok: true }
    case "Joined":
      return { ok: true, room: reply.room, members: reply.members }
  }
}
