/**
 * Tells those who listen over HTTP what happens in public rooms.
 *
 * - Events are sent as they happen. What is said in a room while it is private is sent to nobody. The streams of a room end
 *   when it becomes private.
 * - An event is rendered once per room. Whoever reads so slowly that {@link limitWaiting} events wait is sent no more, and
 *   may come back with the id of the last message.
 */
import { type Cause, Context, Effect, Layer, Option, Queue, type Scope, Stream } from "effect"
import { NoSuchRoom } from "../../api/ApiError.ts"
import type { RoomEvent } from "../../api/RoomEvent.ts"
import type { SharedEvent } from "../../domain/Event.ts"
import type { Message } from "../../domain/Message.ts"
import { lookAlikeKey } from "../../domain/Names.ts"
import type { StorageFailed } from "../../domain/Rejection.ts"
import { Chat } from "../../services/Chat.ts"
import { History } from "../../services/History.ts"
import type { Room } from "../../services/Room.ts"
import { Rooms } from "../../services/Rooms.ts"
import { Sessions } from "../../services/Sessions.ts"
import { render } from "./EventStream.ts"

/** How many events wait for one listener. */
export const limitWaiting = 256

const pageLimit = 100

interface Listener {
  readonly queue: Queue.Queue<Heard, Cause.Done>
}

// An event, with the number of its message if it is one.
interface Heard {
  readonly text: string
  readonly number?: number | undefined
}

const heard = (event: RoomEvent): Heard => ({
  text: render(event),
  number: event.event === "message" ? event.data.number : undefined
})

const said = (message: Message): Heard => heard({ id: String(message.number), event: "message", data: message })

export class RoomEvents extends Context.Service<
  RoomEvents,
  {
    /**
     * What happens in the public room of this name from now on, rendered; with `after`, first what was said after the
     * message of that number.
     */
    readonly listen: (
      name: string,
      after: number | undefined
    ) => Effect.Effect<Stream.Stream<string>, NoSuchRoom | StorageFailed, Scope.Scope>
    /** How many listen. */
    readonly count: () => number
  }
>()("parlance/app/api/RoomEvents") {
  static readonly layer = Layer.effect(
    RoomEvents,
    Effect.gen(function* () {
      const chat = yield* Chat
      const history = yield* History
      const rooms = yield* Rooms
      const sessions = yield* Sessions
      const byRoom = new Map<string, Set<Listener>>()
      let unwatch: (() => void) | undefined

      const end = (key: string, reason: "room" | "server"): void => {
        const last = heard({ event: "closed", data: { reason } })
        for (const { queue } of byRoom.get(key) ?? []) {
          Queue.offerUnsafe(queue, last)
          Queue.endUnsafe(queue)
        }
      }

      const tell = (room: Room | undefined, make: () => Heard): void => {
        const listeners = room === undefined ? undefined : byRoom.get(room.key)
        if (listeners === undefined || room?.isPrivate !== false) return
        const event = make()
        for (const { queue } of listeners) if (!Queue.offerUnsafe(queue, event)) Queue.endUnsafe(queue)
      }

      const watch = (event: SharedEvent): void => {
        switch (event._tag) {
          case "Said": {
            const { message } = event
            if (message.room !== undefined) tell(rooms.find(message.room), () => said(message))
            return
          }
          case "UserJoined": {
            const { room, user } = event
            return tell(rooms.find(room), () => heard({ event: "joined", data: { room, user } }))
          }
          case "UserLeft": {
            const { room: name, user } = event
            const room = rooms.find(name)
            if (room === undefined) return end(lookAlikeKey(name), "room")
            return tell(room, () => heard({ event: "left", data: { room: name, user } }))
          }
          case "UserRenamed": {
            const { oldName, user } = event
            const renamed = () => heard({ event: "renamed", data: { oldName, user } })
            for (const room of sessions.findByNumber(user.number)?.rooms ?? []) tell(room, renamed)
            return
          }
          case "RoomChanged": {
            const room = rooms.find(event.room)
            if (room?.isPrivate === true) end(room.key, "room")
            return
          }
          case "Announced": {
            const { text } = event
            for (const room of rooms.all()) tell(room, () => heard({ event: "announced", data: { text } }))
            return
          }
          case "ServerStopping":
            for (const key of byRoom.keys()) end(key, "server")
        }
      }

      const add = (key: string): Effect.Effect<Listener, never, Scope.Scope> =>
        Effect.acquireRelease(
          Effect.gen(function* () {
            const queue = yield* Queue.dropping<Heard, Cause.Done>(limitWaiting)
            const listener = { queue }
            byRoom.set(key, (byRoom.get(key) ?? new Set()).add(listener))
            unwatch ??= chat.watch(watch)
            return listener
          }),
          (listener) =>
            Effect.sync(() => {
              const listeners = byRoom.get(key)
              listeners?.delete(listener)
              if (listeners?.size === 0) byRoom.delete(key)
              if (byRoom.size > 0) return
              unwatch?.()
              unwatch = undefined
            })
        )

      // What is read while the room becomes private is not shown.
      const readPage = Effect.fnUntraced(function* (
        room: Room,
        after: number
      ): Effect.fn.Return<ReadonlyArray<Message>, StorageFailed> {
        const page = yield* history.read(room.key, { limit: pageLimit, after })
        return room.isPrivate ? [] : page
      })

      const withNext = (page: ReadonlyArray<Message>) =>
        [page, page.length < pageLimit ? Option.none() : Option.some(page.at(-1)!.number)] as const

      const listen = Effect.fnUntraced(function* (
        name: string,
        after: number | undefined
      ): Effect.fn.Return<Stream.Stream<string>, NoSuchRoom | StorageFailed, Scope.Scope> {
        const room = rooms.find(name)
        if (room === undefined || room.isPrivate) return yield* new NoSuchRoom()
        const { queue } = yield* add(room.key)
        let last = after ?? -Infinity
        const live = Stream.fromQueue(queue).pipe(
          Stream.filter(({ number }) => number === undefined || number > last),
          Stream.map(({ text }) => text)
        )
        if (after === undefined) return live
        const first = yield* readPage(room, after)
        const missed = Stream.paginate(undefined as number | undefined, (cursor) =>
          Effect.map(cursor === undefined ? Effect.succeed(first) : readPage(room, cursor), withNext)
        ).pipe(
          Stream.map((message) => {
            last = message.number
            return said(message).text
          }),
          // A client that comes back goes on where this has ended.
          Stream.catch(() => Stream.fromEffectDrain(Effect.sync(() => Queue.endUnsafe(queue))))
        )
        return Stream.concat(missed, live)
      })

      return RoomEvents.of({
        listen,
        count: () => [...byRoom.values()].reduce((sum, listeners) => sum + listeners.size, 0)
      })
    })
  )
}
