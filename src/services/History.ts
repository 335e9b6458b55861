/**
 * What was said.
 *
 * - It is read by room. Direct messages are stored too, where history outlives the process. But nobody can read them in
 *   the chat, because anybody may take a name that is free.
 * - An open room's history is there for whoever makes a room of that name again. That of a private room is not: when it is
 *   empty, or the process has ended, nobody can be let into it any more.
 * - In memory it is bounded per room by count, and over all rooms by size; the oldest goes first.
 */
import { Context, Deferred, Effect, Layer } from "effect"
import type { Message } from "../domain/Message.ts"
import { StorageFailed } from "../domain/Rejection.ts"
import { Limits } from "./Limits.ts"
import * as MessageMemory from "./MessageMemory.ts"

/** Which part of a room's history: the last `limit` before a message, or the first `limit` after one. */
export interface Page {
  readonly limit: number
  /** Only messages with smaller numbers. */
  readonly before?: number | undefined
  /** Only messages with greater numbers. */
  readonly after?: number | undefined
}

/** A file that a room has. */
export interface SharedFile {
  readonly roomKey: string
  readonly file: number
}

/** A message that is remembered from now on. */
export interface Appended {
  /**
   * Done when it is durable, or has been lost; there is none if it is durable at once. Those that are stored together may have
   * the same one, so that whoever waits for all of them waits once.
   */
  readonly stored?: Deferred.Deferred<void, StorageFailed>
}

/** What is durable at once. */
export const stored: Appended = {}

/** Fails at once, for what cannot be stored. */
export const failed = (): Deferred.Deferred<void, StorageFailed> => {
  const stored = Deferred.makeUnsafe<void, StorageFailed>()
  Deferred.doneUnsafe(stored, Effect.fail(new StorageFailed()))
  return stored
}

/** The port to what was said: in memory, or in a database. */
export class History extends Context.Service<
  History,
  {
    /**
     * Remembers a message, of a room unless that is undefined, and with `sharesFile` that the room has its file. It has been
     * done when this returns. Where it cannot be done without waiting an Effect is given instead: it is run once, whether or
     * not anybody waits for it, and has no limit of time but its own. What it fails with is told to those who are to be told that the
     * message was taken; to log it is its own matter. What dies is logged, and refused alike.
     */
    readonly append: (
      roomKey: string | undefined,
      message: Message,
      sharesFile?: boolean
    ) => Appended | Effect.Effect<void, StorageFailed>
    /** Reads a page of all that was appended before, oldest first. */
    readonly read: (roomKey: string, page: Page) => Effect.Effect<ReadonlyArray<Message>, StorageFailed>
    /** Takes note of whether a room is private from now on. */
    readonly setPrivate: (roomKey: string, isPrivate: boolean) => void
    /** Forgets what was said in a room, and which files it has. */
    readonly forget: (roomKey: string) => void
    /** The greatest number ever given to a message, when this began. */
    readonly lastNumber: number
    /** The files that rooms had when this began, in the order in which they were shared. */
    readonly sharedFiles: ReadonlyArray<SharedFile>
  }
>()("parlance/services/History") {
  static readonly layerMemory = Layer.effect(
    History,
    Effect.gen(function* () {
      const limits = yield* Limits
      const memory = MessageMemory.make({ limit: limits.historyLimit, limitUnits: limits.historyLimitUnits })

      const read = (roomKey: string, page: Page): Effect.Effect<ReadonlyArray<Message>> =>
        Effect.sync(() => {
          const { before = Infinity, after = -Infinity, limit } = page
          const inside = memory.messages(roomKey).filter((it) => it.number < before && it.number > after)
          return page.after === undefined ? inside.slice(Math.max(0, inside.length - limit)) : inside.slice(0, limit)
        })

      return History.of({
        append: (roomKey, message) => {
          if (roomKey !== undefined && limits.historyLimit > 0) memory.remember(roomKey, message)
          return stored
        },
        read,
        setPrivate: () => {},
        forget: memory.forget,
        lastNumber: 0,
        sharedFiles: []
      })
    })
  )
}
