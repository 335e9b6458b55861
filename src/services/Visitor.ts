/** A user that the embedding program plays itself: a bot, a bridge, a test. */
import { Deferred, Effect, type Scope, Stream } from "effect"
import type { Command, Reply } from "../domain/Command.ts"
import type { Event, Perspective } from "../domain/Event.ts"
import type { FileSummary } from "../domain/FileSummary.ts"
import { embedded, type Message } from "../domain/Message.ts"
import type { Missed } from "../domain/Missed.ts"
import type { UserName } from "../domain/Names.ts"
import type { Rejection } from "../domain/Rejection.ts"
import type { RoomSummary, UserSummary } from "../domain/Room.ts"
import { Chat } from "./Chat.ts"
import type { Session } from "./Session.ts"
import { SlidingQueue } from "./SlidingQueue.ts"
import * as VisitorFiles from "./VisitorFiles.ts"

/** What a visitor is told, and as whom. */
export interface Heard {
  /** What happened; or how many events are left out here, because the visitor was too slow for them. */
  readonly event: Event | Missed
  readonly as: Perspective
}

/** Where a text goes: to `room`, or else to the current one. */
export interface Place {
  readonly room?: string
}

/** Which messages are asked for: the last ones before number `before`, or the first ones after `after`. */
export interface Past extends Place {
  /** At most 100; 50 if nothing is said. */
  readonly limit?: number
  readonly before?: number
  readonly after?: number
}

/** A user of the chat. What it asks for fails as it does for any client, with `Flooding` too if it asks for too much. */
export interface Visitor {
  readonly session: Session
  /** Carries out any command. A text that begins with a slash command is one. */
  readonly run: (command: Command) => Effect.Effect<Reply, Rejection>
  /**
   * What the visitor is told, from its own `LoggedIn` on. Ends when it is told to go. Meant for one reader: if 4096 events
   * wait for it the oldest are lost, and it is told how many. It slows nobody.
   */
  readonly heard: Stream.Stream<Heard>
  /** Says a text as it is, also if it begins with a slash. Done when it is stored; `run` does not wait for that. */
  readonly say: (text: string, place?: Place) => Effect.Effect<Message, Rejection>
  /** Says a text as it is to one user, by name or by public number. Done when it is stored. */
  readonly tell: (to: string | number, text: string) => Effect.Effect<Message, Rejection>
  /** Enters a room, and gives who is in it. The others are left, unless `stay`. */
  readonly join: (
    room: string,
    options?: { readonly stay?: boolean }
  ) => Effect.Effect<ReadonlyArray<UserName>, Rejection>
  /** Leaves a room, or the current one. */
  readonly leave: (room?: string) => Effect.Effect<void, Rejection>
  /** Takes another name. */
  readonly rename: (name: string) => Effect.Effect<UserName, Rejection>
  /** The rooms to be seen. */
  readonly rooms: Effect.Effect<ReadonlyArray<RoomSummary>, Rejection>
  /** The members of a room, or of the current one. */
  readonly users: (room?: string) => Effect.Effect<ReadonlyArray<UserSummary>, Rejection>
  /** What was said in a room, oldest first. */
  readonly history: (past?: Past) => Effect.Effect<ReadonlyArray<Message>, Rejection>
  /** The files that were shared where the visitor is, or with it, oldest first. */
  readonly files: Effect.Effect<ReadonlyArray<FileSummary>, Rejection>
  /** The bytes of a file that the visitor may see, by its number. They may be a view of what others read: nobody changes them. */
  readonly readFile: (file: number) => Stream.Stream<Uint8Array, Rejection>
  /** Sends a file as its bytes come, and shares it when they are all there: exactly `sizeBytes` of them. */
  readonly sendFile: <E = never, R = never>(file: VisitorFiles.Sent<E, R>) => Effect.Effect<Message, Rejection | E, R>
}

const waitingLimit = 4096

// The chat answers each command by a reply of its own.
const replied =
  <Tag extends Reply["_tag"]>(tag: Tag) =>
  (reply: Reply): Reply & { readonly _tag: Tag } => {
    if (reply._tag !== tag) throw new Error(`Expected the reply ${tag}, got ${reply._tag}`)
    return reply as Reply & { readonly _tag: Tag }
  }

/** Logs in for as long as the scope lasts. Fails as any login does. */
export const make = Effect.fn("Visitor.make")(function* (
  name: string
): Effect.fn.Return<Visitor, Rejection, Chat | Scope.Scope> {
  const chat = yield* Chat
  const queue = yield* SlidingQueue.make<Heard>(waitingLimit)
  const outlet = {
    deliver: (event: Event, as: Perspective): void => queue.offer({ event, as }),
    hangUp: (): void => queue.end(),
    queuedBytes: () => 0
  }
  const session = yield* Effect.acquireRelease(
    chat.login({ name, protocol: embedded, address: "", outlet }),
    chat.logout
  )
  const run = (command: Command): Effect.Effect<Reply, Rejection> => chat.run(session, command)
  const ask = <Tag extends Reply["_tag"], A>(
    command: Command,
    tag: Tag,
    answer: (reply: Reply & { readonly _tag: Tag }) => A
  ): Effect.Effect<A, Rejection> => Effect.map(run(command), (reply) => answer(replied(tag)(reply)))
  const said = (command: Command): Effect.Effect<Message, Rejection> =>
    Effect.flatMap(run(command), (reply) => {
      const { message, stored } = replied("Accepted")(reply)
      return stored === undefined ? Effect.succeed(message) : Effect.as(Deferred.await(stored), message)
    })
  return {
    session,
    run,
    heard: Stream.map(queue.stream, (item) => ("_tag" in item ? { event: item, as: "witness" as const } : item)),
    say: (text, place) => said({ _tag: "Say", text, isLiteral: true, ...place }),
    tell: (to, text) => said({ _tag: "Tell", to, text }),
    join: (room, options) => ask({ _tag: "JoinRoom", room, ...options }, "Joined", (it) => it.members),
    leave: (room) => Effect.asVoid(run({ _tag: "LeaveRoom", ...(room !== undefined && { room }) })),
    rename: (to) => ask({ _tag: "Rename", name: to }, "Renamed", (it) => it.name),
    rooms: ask({ _tag: "ListRooms" }, "Rooms", (it) => it.rooms),
    users: (room) => ask({ _tag: "ListUsers", ...(room !== undefined && { room }) }, "Users", (it) => it.users),
    history: (past) => ask({ _tag: "ReadHistory", ...past }, "Messages", (it) => it.messages),
    files: ask({ _tag: "ListFiles" }, "Files", (it) => it.files),
    ...VisitorFiles.make(run)
  }
})
