/**
 * The only door to the chat: protocols, embedders and tests all come through here.
 *
 * - A command is carried out in one piece: between its check and its change nothing else happens.
 * - Whoever does something that others see is told of it too, as its actor: most protocols show the author of a message
 *   nothing, but some confirm by it.
 * - What a user may not know of (a private room) is answered as if it did not exist, but for the one who tries to join.
 */
import { Clock, Context, Effect, Layer, Queue, Result, Stream } from "effect"
import { type Command, done, type Reply } from "../domain/Command.ts"
import type { SharedEvent } from "../domain/Event.ts"
import { Flooding, NotLoggedIn, type Rejection } from "../domain/Rejection.ts"
import { Attachments } from "./Attachments.ts"
import * as Audience from "./Audience.ts"
import { Census } from "./Census.ts"
import { Downloads } from "./Downloads.ts"
import { History } from "./History.ts"
import { Limits } from "./Limits.ts"
import { Links, uploadPath } from "./Links.ts"
import * as Memberships from "./Memberships.ts"
import type { Outcome } from "./Memberships.ts"
import * as Messages from "./Messages.ts"
import * as Questions from "./Questions.ts"
import { type Allowance, allowance } from "./Quota.ts"
import { type Refused, Refusals } from "./Refusals.ts"
import { ResumableUploads } from "./ResumableUploads.ts"
import { Rooms } from "./Rooms.ts"
import type { Session } from "./Session.ts"
import { type Opening, Sessions } from "./Sessions.ts"
import { Shares } from "./Shares.ts"
import * as SlashCommand from "./SlashCommand.ts"
import * as SlashCommands from "./SlashCommands.ts"
import { Uploads } from "./Uploads.ts"

/** Who logs in, and where events for it go. Whoever is in the room is told at once, unless that is left to `later`. */
export interface Login extends Pick<Opening, "name" | "protocol" | "address" | "outlet"> {
  readonly later?: Audience.Later
}

export class Chat extends Context.Service<
  Chat,
  {
    /** Gives a user a name and a place in `general`. The outlet is told `LoggedIn` before anything else. */
    readonly login: (login: Login) => Effect.Effect<Session, Rejection>
    /** Carries out a command of a session. */
    readonly run: (session: Session, command: Command) => Effect.Effect<Reply, Rejection>
    /** The same as soon as it is called: an `Exit` if there is nothing to wait for, else it must be run, once. */
    readonly runUnsafe: (session: Session, command: Command) => Effect.Effect<Reply, Rejection>
    /**
     * Does something without suspension, such as to run what came in one read. What is said to a room meanwhile, who comes
     * and who goes, is told when it is done, or when something else happens. With `later`, that is handed what tells it, and
     * must call it at the end of the turn of the event loop, so that what came in several reads is told at once; or when the
     * milliseconds are over that it is handed too, for a crowd can wait to hear who comes.
     */
    readonly gather: Audience.Audience["gather"]
    /** Frees the name and tells those who remain. Doing it again does nothing. */
    readonly logout: (session: Session) => void
    /** Says something to everybody, as the server. */
    readonly announce: (text: string) => void
    /** Tells everybody that the server stops; who leaves after that is no news to the others. */
    readonly stopping: () => void
    /** Calls `watcher`, which must not throw, with each shared event as it happens, until what is returned is called. */
    readonly watch: (watcher: (event: SharedEvent) => void) => () => void
    /** All shared events from now on, for observers: one that is too slow misses the oldest. */
    readonly events: Stream.Stream<SharedEvent>
  }
>()("parlance/services/Chat") {
  static readonly layerNoDeps = Layer.effect(
    Chat,
    Effect.gen(function* () {
      const limits = yield* Limits
      const sessions = yield* Sessions
      const rooms = yield* Rooms
      const history = yield* History
      const uploads = yield* Uploads
      const downloads = yield* Downloads
      const attachments = yield* Attachments
      const shares = yield* Shares
      const links = yield* Links
      const resumable = yield* ResumableUploads
      const refusals = yield* Refusals
      const { counts } = yield* Census
      const clock = yield* Clock.Clock
      const watchers = new Set<(event: SharedEvent) => void>()
      const allowances = new WeakMap<Session, { readonly messages: Allowance; readonly acts: Allowance }>()

      const audience = Audience.make(counts, (event) => {
        for (const watcher of watchers) watcher(event)
      })
      const watch = (watcher: (event: SharedEvent) => void): (() => void) => {
        watchers.add(watcher)
        return () => void watchers.delete(watcher)
      }
      const observe = Effect.gen(function* () {
        const queue = yield* Effect.acquireRelease(Queue.sliding<SharedEvent>(1024), Queue.shutdown)
        const stop = watch((event) => void Queue.offerUnsafe(queue, event))
        yield* Effect.addFinalizer(() => Effect.sync(stop))
        return queue
      })

      const forget = (roomKey: string): void => {
        history.forget(roomKey)
        shares.forgetRoom(roomKey)
      }
      const memberships = Memberships.make({ audience, history: { ...history, forget }, rooms, sessions })
      const { visibleRooms } = memberships
      const questions = Questions.make({ attachments, history, memberships, sessions, shares })

      const nowMillis = () => clock.currentTimeMillisUnsafe()
      const messages = Messages.make({
        attachments,
        audience,
        counts,
        history,
        limits,
        links,
        memberships,
        nowMillis,
        sessions,
        shares,
        uploads
      })
      const { say } = messages

      const runSlash = SlashCommands.make({ audience, memberships, messages, questions, sessions, uploads })

      const dispatch = (session: Session, command: Command): Effect.Effect<Reply, Rejection> | Outcome => {
        switch (command._tag) {
          case "Say": {
            const slashed: SlashCommand.SlashCommand =
              command.isLiteral === true ? { _tag: "Text", text: command.text } : SlashCommand.parse(command.text)
            if (slashed._tag !== "Text") {
              // A file that comes with a command that has no use for it is not lost: it goes with the text.
              const isText = Messages.hasFile(command) && slashed._tag !== "Msg" && slashed._tag !== "Misused"
              if (isText) return say(session, command)
              audience.flush()
              return runSlash(session, command, slashed)
            }
            return say(session, slashed.text === command.text ? command : { ...command, text: slashed.text })
          }
          case "Tell":
            return say(session, command)
          case "BeginUpload":
            return Effect.map(uploads.begin(session, command.key, command.sizeBytes), (file) => ({
              _tag: "UploadBegun",
              file
            }))
          case "WriteUpload":
            return Effect.as(uploads.write(session, command.key, command.atByte, command.bytes), done)
          case "DropUpload":
            uploads.drop(session, command.key)
            return Result.succeed(done)
          case "OpenUpload":
            return Effect.map(resumable.open(session, command.name, command.sizeBytes), (id) => ({
              _tag: "UploadOpened",
              path: uploadPath(id)
            }))
          case "BeginDownload":
            return Effect.map(downloads.begin(session, command.key, command.file), (file) => ({
              _tag: "DownloadBegun",
              file
            }))
          case "ReadDownload":
            return Effect.map(downloads.read(session, command.key, command.atByte, command.sizeBytes), (bytes) => ({
              _tag: "FileRead",
              bytes
            }))
          case "DropDownload":
            downloads.drop(session, command.key)
            return Result.succeed(done)
          case "ListFiles":
            return questions.listFiles(session)
          case "FindFile":
            return questions.findFile(session, command.file)
          case "JoinRoom":
            return memberships.join(session, command.room, command.stay === true)
          case "LeaveRoom":
            return memberships.leave(session, command.room)
          case "Rename":
            return memberships.rename(session, command.name)
          case "SetPrivate":
            return memberships.setPrivate(session, command.isPrivate, command.room)
          case "Invite":
            return memberships.invite(session, command.name, command.room)
          case "ListRooms":
            return Result.succeed({ _tag: "Rooms", rooms: visibleRooms(session) })
          case "ListUsers":
            return questions.listUsers(session, command.room, command.everywhere === true)
          case "FindUser":
            return questions.findUser(command.number)
          case "ReadHistory":
            return questions.readHistory(session, command)
        }
      }

      // The milliseconds until the session may do this; 0 if it may now.
      const wait = (session: Session, command: Command): number => {
        switch (command._tag) {
          case "WriteUpload":
          case "DropUpload":
          case "ReadDownload":
          case "DropDownload":
            return 0
          case "Say":
          case "Tell":
            return allowances.get(session)!.messages.take(nowMillis())
          default:
            return allowances.get(session)!.acts.take(nowMillis())
        }
      }

      let isStopping = false

      const refuse = (rejection: Rejection, refused: Refused): Effect.Effect<never, Rejection> => {
        counts.rejections++
        refusals.add(refused, rejection._tag)
        return Effect.fail(rejection)
      }

      const runUnsafe = (session: Session, command: Command): Effect.Effect<Reply, Rejection> => {
        if (!sessions.isOpen(session)) return refuse(new NotLoggedIn(), session)
        const retryAfterMillis = wait(session, command)
        if (retryAfterMillis > 0) {
          if ("upload" in command && command.upload !== undefined) uploads.drop(session, command.upload.key)
          return refuse(new Flooding({ retryAfterMillis }), session)
        }
        if (command._tag !== "Say") audience.flush()
        const outcome = dispatch(session, command)
        if (!Result.isResult(outcome)) return Effect.catch(outcome, (rejection) => refuse(rejection, session))
        return Result.isSuccess(outcome) ? Effect.succeed(outcome.success) : refuse(outcome.failure, session)
      }

      const login = ({ later, ...opening }: Login): Effect.Effect<Session, Rejection> =>
        Effect.suspend(() => {
          const room = rooms.general
          const opened = sessions.open({ ...opening, atMillis: nowMillis(), room })
          if (Result.isFailure(opened)) return refuse(opened.failure, opening)
          const session = opened.success
          const { floodBurst, floodRate } = limits
          allowances.set(session, {
            messages: allowance(floodRate, floodBurst),
            acts: allowance(floodRate * 4, floodBurst * 4)
          })
          counts.logins++
          counts.sessions++
          audience.gather(() => memberships.begin(session), later)
          return Effect.succeed(session)
        })

      return Chat.of({
        login,
        run: (session, command) => Effect.suspend(() => runUnsafe(session, command)),
        runUnsafe,
        gather: audience.gather,
        logout: (session) => {
          if (memberships.end(session, isStopping)) counts.sessions--
          uploads.dropAll(session)
          downloads.dropAll(session)
          shares.forgetSession(session)
        },
        announce: (text) => audience.tell(sessions.all(), { _tag: "Announced", text }, undefined),
        stopping: () => {
          isStopping = true
          audience.tell(sessions.all(), { _tag: "ServerStopping" }, undefined)
        },
        watch,
        events: Stream.unwrap(Effect.map(observe, (queue) => Stream.fromQueue(queue)))
      })
    })
  )

  /** The chat without the storage behind it. */
  static readonly layerNoStorage = this.layerNoDeps.pipe(
    Layer.provideMerge(Layer.mergeAll(Uploads.layer, Downloads.layer, ResumableUploads.layer)),
    Layer.provideMerge(Layer.mergeAll(Sessions.layer, Rooms.layer, Census.layer, Refusals.layer, Links.layer))
  )

  /** The chat with all it needs, in memory. */
  static readonly layer = this.layerNoStorage.pipe(
    Layer.provideMerge(Layer.mergeAll(History.layerMemory, Attachments.layerMemory))
  )
}
