/** What events are to a peer: messages of users and of the server, and news of who has gone. */
import type { Event, Perspective } from "../../domain/Event.ts"
import { inWords, type Message } from "../../domain/Message.ts"
import { remark } from "../../domain/Notice.ts"
import type { Directory, Entry } from "./TsockmDirectory.ts"
import { serverNumber } from "./TsockmDirectory.ts"

/** What a peer is told, and by or of whom. */
export type Told =
  | { readonly _tag: "Said"; readonly author: Entry; readonly text: string }
  | { readonly _tag: "Gone"; readonly author: Entry }

/** What the server says itself. */
export const notice = (directory: Directory, text: string): Told => ({
  _tag: "Said",
  author: directory.of(serverNumber, "Server"),
  text
})

const textOf = ({ attachment, text, to }: Message): string =>
  `${to === undefined ? "" : "(private) "}${inWords(text, attachment)}`

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
      const text = textOf(message)
      // Only a user has a name that can be asked for.
      if (user === undefined) return notice(directory, `${message.from}: ${text}`)
      return { _tag: "Said", author: directory.of(user, message.from), text }
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
