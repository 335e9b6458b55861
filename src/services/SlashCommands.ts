/** Carries out slash commands: answers go to the one who asks, as remarks of the server. */
import { Effect } from "effect"
import { type Command, done, type Reply } from "../domain/Command.ts"
import { CommandMisused, type Rejection } from "../domain/Rejection.ts"
import type { Broadcaster } from "./Broadcaster.ts"
import type { Memberships } from "./Memberships.ts"
import { hasFile, type Messages } from "./Messages.ts"
import type { Queries } from "./Queries.ts"
import { membersInOrder } from "./Room.ts"
import { type Session, summary } from "./Session.ts"
import type { Sessions } from "./Sessions.ts"
import * as SlashCommand from "./SlashCommand.ts"
import type { Turn } from "./Turn.ts"
import type { Uploads } from "./Uploads.ts"

/** What slash commands are carried out with. */
export interface Dependencies {
  readonly broadcaster: Broadcaster
  /** The answer to `/help`. */
  readonly help: string
  readonly join: (session: Session, room: string, stay: boolean) => Effect.Effect<Reply, Rejection>
  readonly memberships: Memberships
  readonly messages: Messages
  readonly queries: Queries
  readonly sessions: Sessions["Service"]
  readonly uploads: Uploads["Service"]
}

/** Makes the part of the chat that carries out slash commands; each is found in the text of a `Say`. */
export const make = ({ broadcaster, help, join, memberships, messages, queries, sessions, uploads }: Dependencies) =>
  Effect.fnUntraced(function* (
    session: Session,
    command: Command & { readonly _tag: "Say" },
    slashed: Exclude<SlashCommand.SlashCommand, { readonly _tag: "Text" | "Me" }>,
    turn: Turn
  ): Effect.fn.Return<Reply, Rejection> {
    const notice = (text: string): Reply => {
      broadcaster.tellOne(session, { _tag: "Noticed", text })
      return done
    }
    const last = (limit: number) => queries.readHistory(session, { _tag: "ReadHistory", limit })
    switch (slashed._tag) {
      case "Misused":
        if (command.upload !== undefined) uploads.drop(session, command.upload.key)
        return yield* new CommandMisused({ usage: slashed.usage })
      case "Help":
        return notice(help)
      case "Rooms":
        return notice(SlashCommand.roomList(memberships.visibleRooms(session)))
      case "Who":
        return notice(SlashCommand.userList(session.current.name, membersInOrder(session.current).map(summary)))
      case "History":
        return notice(SlashCommand.messageList((yield* last(slashed.limit)).messages))
      case "Files":
        return notice(SlashCommand.fileList((yield* last(100)).messages))
      case "Join":
        return yield* join(session, slashed.room, false)
      case "Leave":
        return yield* Effect.fromResult(memberships.leave(session, undefined))
      case "Invite":
        yield* Effect.fromResult(memberships.invite(session, slashed.name, undefined))
        return notice(`${slashed.name} is invited to ${session.current.name}.`)
      case "Msg": {
        const { name, text } = SlashCommand.splitAddressee(slashed.rest, (it) => sessions.find(it) !== undefined)
        if (text === "" && !hasFile(command)) return yield* new CommandMisused({ usage: SlashCommand.usage("msg") })
        return yield* messages.say(session, { ...command, _tag: "Tell", to: name, text }, turn)
      }
    }
  })
