/**
 * Which part of the chat carries out a command.
 *
 * What the policy is asked about is checked before, and again when it has answered.
 */
import { Effect, Result } from "effect"
import { type Command, done, type Reply } from "../domain/Command.ts"
import { NotLoggedIn, type Rejection } from "../domain/Rejection.ts"
import { inThirdPerson } from "../domain/SlashWords.ts"
import type { Broadcaster } from "./Broadcaster.ts"
import type { Downloads } from "./Downloads.ts"
import { uploadPath } from "./Links.ts"
import type { Memberships } from "./Memberships.ts"
import { hasFile, type Messages } from "./Messages.ts"
import * as OwnCommands from "./OwnCommands.ts"
import type { Piece } from "./Pieces.ts"
import { checkName, type PolicyChecks, userOf } from "./PolicyChecks.ts"
import type { Queries } from "./Queries.ts"
import type { ResumableUploads } from "./ResumableUploads.ts"
import type { Rooms } from "./Rooms.ts"
import type { Session } from "./Session.ts"
import type { Sessions } from "./Sessions.ts"
import * as SlashCommand from "./SlashCommand.ts"
import * as SlashCommands from "./SlashCommands.ts"
import type { Turn } from "./Turn.ts"
import type { Uploads } from "./Uploads.ts"

/** The parts of the chat. */
export interface Dependencies {
  readonly broadcaster: Broadcaster
  readonly checks: PolicyChecks
  readonly downloads: Downloads["Service"]
  readonly memberships: Memberships
  readonly messages: Messages
  readonly queries: Queries
  readonly resumable: ResumableUploads["Service"]
  readonly rooms: Rooms["Service"]
  readonly sessions: Sessions["Service"]
  readonly uploads: Uploads["Service"]
}

type Say = Command & { readonly _tag: "Say" }

/** Carries out a command. To be called by the effect that does it: what needs no waiting is done. */
export type Dispatch = (
  session: Session,
  command: Exclude<Command, Piece>,
  turn: Turn
) => Effect.Effect<Reply, Rejection>

/** Makes what carries out commands. */
export const make = (dependencies: Dependencies): Dispatch => {
  const { broadcaster, checks, downloads, memberships, messages, queries, resumable, rooms, sessions, uploads } =
    dependencies
  const { plain, say } = messages
  const own = OwnCommands.make({ broadcaster, commands: checks.commands, sessions })
  const help = own === undefined ? SlashCommand.help : `${SlashCommand.help}\n${own.help}`

  // What is done when the policy has allowed it. The session may have ended meanwhile.
  const allowed = (
    session: Session,
    check: Effect.Effect<void, Rejection>,
    act: () => Effect.Effect<Reply, Rejection>
  ): Effect.Effect<Reply, Rejection> =>
    Effect.flatMap(check, () => (sessions.isOpen(session) ? act() : Effect.fail(new NotLoggedIn())))

  const join = (session: Session, name: string, stay: boolean): Effect.Effect<Reply, Rejection> => {
    const enter = () => Effect.fromResult(memberships.join(session, name, stay))
    const entry = checks.join === undefined ? undefined : Result.getOrUndefined(rooms.entry(session, name))
    // What is no entry is refused at once, and one's own rooms have been entered before.
    if (checks.join === undefined || entry === undefined || entry.room?.members.has(session) === true) return enter()
    return allowed(session, checks.join({ user: userOf(session), room: entry.name }), () => {
      // What was said meanwhile was heard where the session was.
      broadcaster.flush()
      return enter()
    })
  }

  const rename = (
    session: Session,
    command: Command & { readonly _tag: "Rename" }
  ): Effect.Effect<Reply, Rejection> => {
    const act = () => memberships.rename(session, command.name)
    if (checks.login === undefined) return act()
    const { address, protocol } = session
    return allowed(session, checkName(checks.login, { ...command, address, protocol }, userOf(session)), act)
  }

  const upload = (
    session: Session,
    name: string | undefined,
    sizeBytes: number,
    act: () => Effect.Effect<Reply, Rejection>
  ): Effect.Effect<Reply, Rejection> =>
    checks.upload === undefined || sizeBytes > uploads.limitBytes
      ? act()
      : allowed(session, checks.upload({ user: userOf(session), name, sizeBytes }), act)

  const runSlash = SlashCommands.make({ broadcaster, help, join, memberships, messages, queries, sessions, uploads })

  const runSlashed = (
    session: Session,
    command: Say,
    slashed: SlashCommand.SlashCommand | SlashCommand.Own,
    turn: Turn
  ): Effect.Effect<Reply, Rejection> => {
    if (slashed._tag === "Text") {
      return say(session, slashed.text === command.text ? command : { ...command, text: slashed.text }, turn)
    }
    if (slashed._tag === "Me") {
      return say(session, { ...command, text: inThirdPerson(session.name, slashed.text), isLiteral: true }, turn)
    }
    // A file that comes with a command that has no use for it is not lost: it goes with the text.
    const isText = hasFile(command) && slashed._tag !== "Msg" && slashed._tag !== "Misused"
    if (isText) return say(session, command, turn)
    broadcaster.flush()
    return slashed._tag === "Own" ? own!.run(session, slashed) : runSlash(session, command, slashed, turn)
  }

  return (session, given, turn) => {
    const command = given._tag === "Say" || given._tag === "Tell" ? plain(given) : given
    switch (command._tag) {
      case "Say": {
        if (command.isLiteral === true) return say(session, command, turn)
        return runSlashed(session, command, SlashCommand.parse(command.text, own?.names), turn)
      }
      case "Tell":
        return say(session, command, turn)
      case "BeginUpload":
        return upload(session, command.name, command.sizeBytes, () =>
          Effect.map(uploads.begin(session, command.key, command.sizeBytes), (file) => ({ _tag: "UploadBegun", file }))
        )
      case "DropUpload":
        uploads.drop(session, command.key)
        return Effect.succeed(done)
      case "OpenUpload":
        return upload(session, command.name, command.sizeBytes, () =>
          Effect.map(resumable.open(session, command.name, command.sizeBytes), (id) => ({
            _tag: "UploadOpened",
            path: uploadPath(id)
          }))
        )
      case "BeginDownload":
        return Effect.map(downloads.begin(session, command.key, command.file), (file) => ({
          _tag: "DownloadBegun",
          file
        }))
      case "DropDownload":
        downloads.drop(session, command.key)
        return Effect.succeed(done)
      case "ListFiles":
        return queries.listFiles(session)
      case "FindFile":
        return queries.findFile(session, command.file)
      case "JoinRoom":
        return join(session, command.room, command.stay === true)
      case "LeaveRoom":
        return Effect.fromResult(memberships.leave(session, command.room))
      case "Rename":
        return rename(session, command)
      case "SetPrivate":
        return Effect.fromResult(memberships.setPrivate(session, command.isPrivate, command.room))
      case "Invite":
        return Effect.fromResult(memberships.invite(session, command.name, command.room))
      case "ListRooms":
        return Effect.succeed({ _tag: "Rooms", rooms: memberships.visibleRooms(session) })
      case "ListUsers":
        return Effect.fromResult(queries.listUsers(session, command.room, command.everywhere === true))
      case "FindUser":
        return Effect.fromResult(queries.findUser(command.number))
      case "ReadHistory":
        return queries.readHistory(session, command)
    }
  }
}
