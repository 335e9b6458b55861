/** What events are to a client, which knows messages of users and of the server, and errors. */
import type { Event, Perspective } from "../../domain/Event.ts"
import { explain } from "../../domain/Hangup.ts"
import { inWords, type Message } from "../../domain/Message.ts"
import { remark } from "../../domain/Notice.ts"
import { PacketError } from "./PacketError.ts"
import { wireNumber } from "./PacketNumber.ts"
import { error } from "./PacketRefusal.ts"
import type { Response } from "./PacketResponse.ts"

/** The user number under which the server speaks; no user has it. */
export const serverNumber = 0

/** The name of whoever has {@link serverNumber}. */
export const serverName = "Server"

/** A message for a client. One of the server has no number yet: it is not said to anybody else. */
export interface Incoming {
  readonly _tag: "Incoming"
  readonly user: bigint
  readonly message: bigint | undefined
  readonly text: string
}

const notice = (text: string): Incoming => ({
  _tag: "Incoming",
  user: BigInt(serverNumber),
  message: undefined,
  text
})

const textOf = ({ attachment, text }: Message): string =>
  inWords(text, attachment) + (attachment?.file === undefined ? "" : ` [file ${wireNumber(attachment.file)}]`)

/** Chat messages have even numbers, the server's have odd ones. */
const said = (message: Message, user: number | undefined): Incoming => ({
  _tag: "Incoming",
  user: BigInt(user ?? serverNumber),
  message: BigInt(message.number) * 2n,
  text: textOf(message)
})

/**
 * What a client is told of an event; undefined if nothing.
 *
 * @see PROTOCOL.md § 12
 */
export const tell = (event: Event, as: Perspective): Incoming | (Response & { readonly _tag: "Error" }) | undefined => {
  switch (event._tag) {
    case "Said":
      return as === "actor" ? undefined : said(event.message, event.user)
    case "UserJoined": {
      const isOwn = as === "actor" && event.cause === "join"
      return isOwn ? notice(remark(event)) : undefined
    }
    case "RoomChanged":
    case "RoomLeft":
    case "Announced":
    case "Noticed":
    case "Invited":
      return notice(remark(event))
    case "ServerStopping":
      return error(0, PacketError.serverStopping, explain("stopping")) as Response & { readonly _tag: "Error" }
    case "UserLeft":
    case "UserRenamed":
    case "LoggedIn":
      return undefined
  }
}
