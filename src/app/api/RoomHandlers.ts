/** What is asked of public rooms. */
import { Deferred, Effect, type Scope } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { HttpServerRequest } from "effect/http"
import { CurrentBot } from "../../api/Access.ts"
import { NoSuchRoom, TooManyRequests } from "../../api/ApiError.ts"
import { ParlanceApi } from "../../api/ParlanceApi.ts"
import { embedded, type Message } from "../../domain/Message.ts"
import type { UserName } from "../../domain/Names.ts"
import type {
  Flooding,
  NoSuchFile,
  RefusedByPolicy,
  Rejection,
  StorageFailed,
  TextEmpty,
  TextTooLong
} from "../../domain/Rejection.ts"
import { Chat } from "../../services/Chat.ts"
import { History } from "../../services/History.ts"
import { Quota } from "../../services/Quota.ts"
import { membersInOrder, type Room } from "../../services/Room.ts"
import { Rooms } from "../../services/Rooms.ts"
import { type Session, summary } from "../../services/Session.ts"
import { Sessions } from "../../services/Sessions.ts"
import { addressOf } from "../Origin.ts"
import { BotRegistry } from "./BotRegistry.ts"
import { BotSessions, type LoginRefused } from "./BotSessions.ts"
import * as EventStream from "./EventStream.ts"
import { RoomEvents } from "./RoomEvents.ts"

const usualLimit = 50
/** When an address that listens too often may ask again. */
const retryAfterMillis = 60_000

type MessageRefused = NoSuchRoom | TextEmpty | TextTooLong | Flooding | NoSuchFile | StorageFailed | RefusedByPolicy

/** What keeps a bot from saying something. A room that is not to be had is none. */
const messageRefused = (rejection: Rejection): Effect.Effect<never, MessageRefused> => {
  switch (rejection._tag) {
    case "TextEmpty":
    case "TextTooLong":
    case "Flooding":
    case "NoSuchFile":
    case "StorageFailed":
    case "RefusedByPolicy":
      return Effect.fail(rejection)
    default:
      return Effect.fail(new NoSuchRoom())
  }
}

const bearer = /^Bearer +(\S+)$/i

export const layer = HttpApiBuilder.group(
  ParlanceApi,
  "rooms",
  Effect.fnUntraced(function* (handlers) {
    const bots = yield* BotSessions
    const chat = yield* Chat
    const events = yield* RoomEvents
    const history = yield* History
    const quota = yield* Quota
    const registry = yield* BotRegistry
    const rooms = yield* Rooms
    const sessions = yield* Sessions

    const find = (name: string): Effect.Effect<Room, NoSuchRoom> =>
      Effect.suspend(() => {
        const room = rooms.find(name)
        return room === undefined || room.isPrivate ? Effect.fail(new NoSuchRoom()) : Effect.succeed(room)
      })

    const publicRooms = (session: Session) => Array.from(session.rooms).filter((room) => !room.isPrivate)

    const page = Effect.fnUntraced(function* (
      room: Room,
      query: { readonly before?: number; readonly after?: number; readonly limit?: number }
    ) {
      const limit = query.limit ?? usualLimit
      const isForward = query.after !== undefined
      // One more than is wanted tells whether there are others behind.
      const read = yield* history.read(room.key, { before: query.before, after: query.after, limit: limit + 1 })
      if (room.isPrivate) return yield* new NoSuchRoom()
      const hasMore = read.length > limit
      const messages = !hasMore ? read : isForward ? read.slice(0, limit) : read.slice(read.length - limit)
      const [first, last] = [messages[0], messages.at(-1)]
      return {
        messages,
        ...(first !== undefined && (isForward ? query.after! > 0 : hasMore) && { before: first.number }),
        ...(last !== undefined && (isForward ? hasMore : query.before !== undefined) && { after: last.number })
      }
    })

    const enter = Effect.fnUntraced(function* (session: Session, room: Room) {
      if (room.members.has(session)) return
      yield* chat.run(session, { _tag: "JoinRoom", room: room.name, stay: true })
    })

    const post = Effect.fnUntraced(function* (
      bot: UserName,
      address: string,
      name: string,
      { file, text }: { readonly text: string; readonly file?: string }
    ): Effect.fn.Return<Message, MessageRefused | LoginRefused> {
      const room = yield* find(name)
      const session = yield* bots.enter(bot, address)
      const posted = Effect.gen(function* () {
        yield* enter(session, room)
        const reply = yield* chat.run(session, {
          _tag: "Say",
          room: room.name,
          text,
          isLiteral: true,
          ...(file !== undefined && { file })
        })
        // What is answered is durable.
        if (reply._tag === "Accepted" && reply.stored !== undefined) yield* Deferred.await(reply.stored)
        return reply
      })
      const reply = yield* Effect.catch(posted, messageRefused)
      return reply._tag === "Accepted" ? reply.message : yield* Effect.die(new Error(`${reply._tag} to a message`))
    })

    // Listening takes a connection, of which an address may have as many here as of any other kind.
    const admit = (address: string) =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          const leave = quota.admit(address)
          return leave === undefined ? Effect.fail(new TooManyRequests({ retryAfterMillis })) : Effect.succeed(leave)
        }),
        (leave) => Effect.sync(leave)
      )

    // A bot that listens is there; whoever has no bot's token listens without being there.
    const stayAsBot = Effect.fnUntraced(function* (
      request: HttpServerRequest.HttpServerRequest,
      room: Room
    ): Effect.fn.Return<void, LoginRefused, Scope.Scope> {
      const bot = registry.identify(bearer.exec(request.headers["authorization"] ?? "")?.[1] ?? "")
      if (bot === undefined) return
      const session = yield* bots.stay(bot, addressOf(request))
      yield* Effect.ignore(enter(session, room))
    })

    return handlers.handleAll({
      list: () =>
        Effect.sync(() => rooms.all().filter((room) => !room.isPrivate)).pipe(
          Effect.map((all) => all.map(({ members, name }) => ({ name, memberCount: members.size })))
        ),
      find: ({ params }) =>
        Effect.map(find(params.room), (room) => ({
          name: room.name,
          memberCount: room.members.size,
          members: membersInOrder(room).map(summary)
        })),
      messages: ({ params, query }) => Effect.flatMap(find(params.room), (room) => page(room, query)),
      post: Effect.fnUntraced(function* ({ params, payload, request }) {
        const { name } = yield* CurrentBot
        return yield* post(name, addressOf(request), params.room, payload)
      }),
      events: Effect.fnUntraced(function* ({ headers, params, request }) {
        const room = yield* find(params.room)
        const address = addressOf(request)
        yield* admit(address)
        if (chat.admit !== undefined) yield* chat.admit({ protocol: embedded, address })
        const last = headers["last-event-id"]
        const after = last !== undefined && /^\d{1,15}$/.test(last) ? Number(last) : undefined
        const heard = yield* events.listen(room.name, after)
        yield* stayAsBot(request, room)
        return EventStream.respond(heard)
      }),
      users: () =>
        Effect.sync(() =>
          Array.from(sessions.all())
            .map((session) => ({ session, rooms: publicRooms(session).map(({ name }) => name) }))
            .filter(({ rooms }) => rooms.length > 0)
            .map(({ rooms, session: { name, protocol } }) => ({ name, protocol, rooms }))
        )
    })
  })
)
