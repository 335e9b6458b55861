/**
 * Messages of one's own on their way to the server.
 *
 * - They leave in the order in which they were written, one at a time; what is written without a connection waits for one.
 * - A message whose answer got lost with the connection is repeated under its id, by which the server knows it again.
 * - One that is refused is out of the way of the others, unless it only came too fast.
 */
import type { SharedFile } from "./Entry.ts"

export interface Letter {
  /** Chosen at random, so that it is nobody else's. */
  readonly id: string
  readonly place: string
  readonly text: string
  /** The id of a stored file that goes with it. */
  readonly file?: string | undefined
}

/** What the server says to a letter. */
export type Receipt =
  | {
      readonly ok: true
      readonly number: number | undefined
      readonly atMillis: number | undefined
      readonly file: SharedFile | undefined
    }
  | { readonly ok: false; readonly code: string; readonly message: string }

export interface Mail {
  /** Sends a letter; fails when the answer does not come. */
  readonly send: (letter: Letter) => Promise<Receipt>
  readonly wait: (millis: number) => Promise<void>
  readonly sending: (letter: Letter) => void
  readonly answered: (letter: Letter, receipt: Receipt) => void
}

export interface Outbox {
  readonly put: (letter: Letter) => void
  /** Takes a letter back, unless it is on its way. */
  readonly drop: (id: string) => boolean
  /** There is a connection, and what arrived before it is settled. */
  readonly open: () => void
  readonly close: () => void
  /** A letter has arrived, as something else than its answer tells. */
  readonly settle: (id: string) => void
  /** Those that were sent at least once and not answered. */
  readonly unanswered: () => ReadonlyArray<Letter>
  /** Those that wait for a connection or their turn. */
  readonly count: () => number
}

/** How long to wait when messages come too fast. */
export const floodPauseMillis = 700

export const make = (mail: Mail): Outbox => {
  const letters: Array<Letter> = []
  const tried = new Set<string>()
  // Answers of a connection that was closed since count for nothing.
  let connection = 0
  let isOpen = false
  let isBusy = false

  const leave = (id: string): void => {
    tried.delete(id)
    const at = letters.findIndex((letter) => letter.id === id)
    if (at >= 0) letters.splice(at, 1)
  }

  const run = async (): Promise<void> => {
    if (isBusy || !isOpen) return
    isBusy = true
    const mine = connection
    const next = (): Letter | undefined => (isOpen && mine === connection ? letters[0] : undefined)
    for (let letter = next(); letter !== undefined; letter = next()) {
      tried.add(letter.id)
      mail.sending(letter)
      const receipt = await mail.send(letter).catch(() => undefined)
      if (mine !== connection) break
      if (receipt === undefined || (!receipt.ok && receipt.code === "Flooding")) await mail.wait(floodPauseMillis)
      else if (letters.includes(letter)) {
        leave(letter.id)
        mail.answered(letter, receipt)
      }
    }
    if (mine === connection) isBusy = false
  }

  return {
    put: (letter) => {
      letters.push(letter)
      void run()
    },
    drop: (id) => {
      if (tried.has(id) || !letters.some((letter) => letter.id === id)) return false
      leave(id)
      return true
    },
    open: () => {
      isOpen = true
      void run()
    },
    close: () => {
      isOpen = false
      isBusy = false
      connection += 1
    },
    settle: leave,
    unanswered: () => letters.filter(({ id }) => tried.has(id)),
    count: () => letters.length
  }
}

/** What one recognizes a message by that has arrived without an answer. */
interface Arrived {
  readonly text: string
  readonly isOwn: boolean
  readonly file: SharedFile | undefined
}

const isOf = (letter: Letter, message: Arrived): boolean =>
  message.text === letter.text &&
  (letter.file === undefined
    ? message.file === undefined
    : message.file !== undefined && message.file.url.includes(`/${letter.file}/`))

/**
 * Which of the letters to one place have arrived, by the messages that came into its history since they were written: each
 * stands for one letter of the same text, in order.
 */
export const arrived = <M extends Arrived>(
  letters: ReadonlyArray<Letter>,
  page: ReadonlyArray<M>
): ReadonlyArray<readonly [letter: Letter, message: M]> => {
  const left = page.filter(({ isOwn }) => isOwn)
  const found: Array<readonly [Letter, M]> = []
  for (const letter of letters) {
    const at = left.findIndex((message) => isOf(letter, message))
    if (at < 0) continue
    found.push([letter, left[at]!])
    left.splice(0, at + 1)
  }
  return found
}
