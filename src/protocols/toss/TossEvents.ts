/** What the responses of an event are; an event that a peer is to hear nothing of has none. */
import type { PersonalEvent, Perspective, SharedEvent } from "../../domain/Event.ts"
import { explain } from "../../domain/Hangup.ts"
import { inWords, type Message } from "../../domain/Message.ts"
import { remark } from "../../domain/Notice.ts"
import * as Response from "./PillowResponse.ts"
import type { SlipFile } from "./SlipValue.ts"

type Responses = ReadonlyArray<Response.Response>

const nothing: Responses = []

/** What the server says in a message of its own. */
export const notice = (text: string, time: Date): Responses => [Response.message("Server", text, time)]

const textOf = ({ attachment, text, to }: Message): string => {
  const said = inWords(text, attachment?.file === undefined ? attachment : undefined)
  return to === undefined ? said : `(private) ${said}`
}

/** The stored file of a message; its ordinal is the file's number. */
const fileOf = ({ attachment }: Message): SlipFile | undefined =>
  attachment?.file === undefined
    ? undefined
    : { _tag: "File", name: attachment.name, sizeBytes: attachment.sizeBytes, ordinal: attachment.file }

/** A message as those see it whom it is for. */
export const said = (message: Message): Response.Response =>
  Response.message(message.from, textOf(message), new Date(message.atMillis), fileOf(message))

/** What the sender of a direct message sees of it when it is stored; of any other it sees what the room sees. */
export const whispered = ({ atMillis, attachment, from, text }: Message, to: string): Response.Response =>
  Response.message(from, `(private to ${to}) ${inWords(text, attachment)}`, new Date(atMillis))

/**
 * The responses of an event that several recipients share.
 *
 * @see PROTOCOL.md § 9
 */
export const share = (event: SharedEvent, as: Perspective, time: Date): Responses => {
  const isActor = as === "actor"
  switch (event._tag) {
    case "UserJoined":
      if (!isActor) return [Response.logIn(event.user.name, time)]
      return event.cause === "join" ? notice(remark(event), time) : nothing
    case "UserLeft":
      return isActor ? nothing : [Response.logOut(event.user.name, time)]
    case "UserRenamed":
      return isActor ? nothing : [Response.logOut(event.oldName, time), Response.logIn(event.user.name, time)]
    case "Said":
      // The sender gets it as the answer to the request, by which it is confirmed.
      return isActor ? nothing : [said(event.message)]
    case "RoomChanged":
    case "Announced":
      return notice(remark(event), time)
    case "ServerStopping":
      return [Response.closeServer]
  }
}

/**
 * The responses of an event that is one peer's alone.
 *
 * @see PROTOCOL.md § 9
 */
export const tell = (event: PersonalEvent, time: Date): Responses => {
  switch (event._tag) {
    case "LoggedIn":
      return [Response.welcome(time)]
    case "RoomLeft":
    case "Noticed":
    case "Invited":
      return notice(remark(event), time)
  }
}

/** What is said to a peer whose connection the server ends; `text` if there is more to be said than that of the reason. */
export const farewell = (
  reason: Parameters<typeof explain>[0],
  isLoggedIn: boolean,
  time: Date,
  text = explain(reason)
): Responses => {
  if (reason === "stopping") return nothing
  return reason === "killed" && isLoggedIn ? notice(text, time) : [Response.failure(201, text)]
}
