/**
 * What was said in the rooms.
 *
 * In memory: bounded per room by count, and over all rooms by size; the oldest goes first. A room that is gone is
 * forgotten, so that whoever makes a room of the same name later does not read what was said in the old one.
 */
import { Context, Effect, Layer } from "effect"
import type { Message } from "../domain/Message.ts"
import { Limits } from "./Limits.ts"

/** Which part of a room's history: the last `limit` before a message, or the first `limit` after one. */
export interface Page {
  readonly limit: number
  /** Only messages with smaller numbers. */
  readonly before?: number | undefined
  /** Only messages with greater numbers. */
  readonly after?: number | undefined
}

export class History extends Context.Service<
  History,
  {
    /** Remembers a message. */
    readonly append: (roomKey: string, message: Message) => void
    /** Reads a page, oldest first. */
    readonly read: (roomKey: string, page: Page) => Effect.Effect<ReadonlyArray<Message>>
    readonly forget: (roomKey: string) => void
    /** The greatest number ever given to a message. */
    readonly lastNumber: number
  }
>()("parlance/services/History") {
  static readonly layerMemory = Layer.effect(
    History,
    Effect.gen(function* () {
      const limits = yield* Limits
      const byRoom = new Map<string, Array<Message>>()
      // Every remembered message by number, oldest first: what goes when there is too much.
      const ages = new Map<number, { readonly roomKey: string; readonly units: number }>()
      let units = 0

      const drop = (message: Message): void => {
        units -= ages.get(message.number)?.units ?? 0
        ages.delete(message.number)
      }
      const dropOldest = (): void => {
        for (const { roomKey } of ages.values()) {
          const oldest = byRoom.get(roomKey)?.shift()
          if (oldest !== undefined) drop(oldest)
          return
        }
      }

      const append = (roomKey: string, message: Message): void => {
        if (limits.historyLimit === 0) return
        const messages = byRoom.get(roomKey) ?? []
        if (messages.length === 0) byRoom.set(roomKey, messages)
        messages.push(message)
        ages.set(message.number, { roomKey, units: message.text.length })
        units += message.text.length
        if (messages.length > limits.historyLimit) drop(messages.shift()!)
        while (units > limits.historyLimitUnits) dropOldest()
      }

      const read = (roomKey: string, page: Page): Effect.Effect<ReadonlyArray<Message>> =>
        Effect.sync(() => {
          const { before = Infinity, after = -Infinity, limit } = page
          const inside = (byRoom.get(roomKey) ?? []).filter((it) => it.number < before && it.number > after)
          return page.after === undefined ? inside.slice(Math.max(0, inside.length - limit)) : inside.slice(0, limit)
        })

      return History.of({
        append,
        read,
        forget: (roomKey) => {
          for (const message of byRoom.get(roomKey) ?? []) drop(message)
          byRoom.delete(roomKey)
        },
        lastNumber: 0
      })
    })
  )
}
