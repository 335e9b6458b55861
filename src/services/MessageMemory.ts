/**
 * Messages in memory: of each room the last ones, and of all together no more than so much text; the oldest go first.
 *
 * To remember and to drop one takes the same time however many there are.
 */
import type { Message } from "../domain/Message.ts"

/** A queue. */
class Fifo<A> {
  #items: Array<A | undefined> = []
  #first = 0

  get length(): number {
    return this.#items.length - this.#first
  }

  get items(): ReadonlyArray<A> {
    return this.#items.slice(this.#first) as ReadonlyArray<A>
  }

  push(item: A): void {
    this.#items.push(item)
  }

  /** Takes the first one; there must be one. */
  shift(): A {
    const item = this.#items[this.#first]!
    this.#items[this.#first++] = undefined
    if (this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first)
      this.#first = 0
    }
    return item
  }
}

interface Log {
  readonly roomKey: string
  readonly messages: Fifo<Message>
  /** How many of its messages were dropped but still have an entry in `places`. */
  gone: number
}

/** Remembers nothing yet. `limit` is how many messages a room may have, `limitUnits` how much text all of them. */
export const make = ({ limit, limitUnits }: { readonly limit: number; readonly limitUnits: number }) => {
  const logs = new Map<string, Log>()
  // An entry for every message, oldest first: its log. The first entries of a log, as many as its `gone`, are of messages
  // that were dropped.
  let places = new Fifo<Log>()
  let count = 0
  let units = 0

  const isTooMuch = (): boolean => units > limitUnits

  const drop = (log: Log): void => {
    units -= log.messages.shift().text.length
    count--
  }

  const dropOldest = (): void => {
    const log = places.shift()
    if (log.gone > 0) log.gone--
    else {
      drop(log)
      if (log.messages.length === 0) logs.delete(log.roomKey)
    }
  }

  const tidy = (): void => {
    const all = places.items
    places = new Fifo()
    for (const log of all) {
      if (log.gone > 0) log.gone--
      else places.push(log)
    }
  }

  return {
    remember: (roomKey: string, message: Message): void => {
      let log = logs.get(roomKey)
      if (log === undefined) {
        log = { roomKey, messages: new Fifo(), gone: 0 }
        logs.set(roomKey, log)
      }
      log.messages.push(message)
      places.push(log)
      count++
      units += message.text.length
      if (log.messages.length > limit) {
        drop(log)
        log.gone++
      }
      while (isTooMuch()) dropOldest()
      if (places.length > 2 * count + 1000) tidy()
    },
    /** What is remembered of a room, oldest first. */
    messages: (roomKey: string): ReadonlyArray<Message> => logs.get(roomKey)?.messages.items ?? [],
    forget: (roomKey: string): void => {
      const log = logs.get(roomKey)
      if (log === undefined) return
      logs.delete(roomKey)
      while (log.messages.length > 0) {
        drop(log)
        log.gone++
      }
    }
  }
}
