/** What events are to a peer: messages of users and of the server, and news of who has gone. */
import type { Event, Perspective } from "../../domain/Event.ts"
import { type Attachment, inWords, type Message } from "../../domain/Message.ts"
import { remark } from "../../domain/Notice.ts"
import type { Directory, Entry } from "./TsockmDirectory.ts"
import { serverNumber } from "./TsockmDirectory.ts"

/** What a peer is told, and by or of whom. */
export type Told =
  | {
      readonly _tag: "Said"
      readonly author: Entry
      readonly text: string
      /** The same with the link of a file apart, if there is one. */
      readonly apart?: readonly [text: string, link: string]
    }
  | { readonly _tag: "Gone"; readonly author: Entry }

const server = (directory: Directory): Entry => directory.of(serverNumber, "Server")

/** What the server says itself. */
export const notice = (directory: Directory, text: string): Told => ({ _tag: "Said", author: server(directory), text })

const textOf = ({ text, to }: Message, attachment: Attachment | undefined): string =>
  `${to === undefined ? "" : "(private) "}${inWords(text, attachment)}`

const said = (author: Entry, message: Message, before = ""): Told => {
  const { attachment } = message
  const text = before + textOf(message, attachment)
  if (attachment === undefined || attachment.url === "") return { _tag: "Said", author, text }
  const { url } = attachment
  return { _tag: "Said", author, text, apart: [before + textOf(message, { ...attachment, url: "" }), url] }
}

/**
 * What a peer is told of an event; undefined if nothing.
 *
 * @see PROTOCOL.md § 12
 */
export const tell = (event: Event, as: Perspective, directory: Directory): Told | undefined => {
  const isActor = as === "actor"
  switch (event._tag) {
    case "Said": {
      if (isActor) return undefined
      const { message, user } = event
      // Only a user has a name that can be asked for.
      if (user === undefined) return said(server(directory), message, `${message.from}: `)
      return said(directory.of(user, message.from), message)
    }
    case "UserJoined": {
      const { cause, room, user } = event
      if (isActor) return cause === "join" ? notice(directory, remark(event)) : undefined
      return notice(directory, `${user.name} has joined ${cause === "login" ? "the chat" : room}`)
    }
    case "UserLeft":
      if (isActor) return undefined
      return event.cause === "logout"
        ? { _tag: "Gone", author: directory.of(event.user.number, event.user.name) }
        : notice(directory, `${event.user.name} left ${event.room}`)
    case "UserRenamed":
      directory.of(event.user.number, event.user.name)
      return undefined
    case "RoomChanged":
    case "RoomLeft":
    case "Announced":
    case "Noticed":
    case "Invited":
      return notice(directory, remark(event))
    case "LoggedIn":
    case "ServerStopping":
      return undefined
  }
}
