/**
 * Messages on their way to one session over a link that loses, repeats and reorders.
 *
 * - The messages of each sender wait in a lane of their own. Only its first one is on its way; the next one follows when
 *   that has been confirmed, so order per sender is kept whatever happens on the way.
 * - What is not confirmed is sent again, after 0.5, 1, 2, 4 and then always 8 seconds.
 */

/** A message on its way or waiting; what has been sent keeps its number. */
export interface Outgoing {
  message: bigint
  frame: Uint8Array
  /** The link whose peer alone can know its number, if it is a secret. */
  secretTo: string | undefined
  /** How often it has been sent. */
  attempts: number
  dueMillis: number
}

/** The lanes of one session. */
export interface Lanes {
  /** Adds a message. What is due now is in `due`. */
  readonly add: (sender: bigint, message: bigint, frame: Uint8Array, nowMillis: number) => void
  /** Takes a confirmation; what it confirms, if anything. */
  readonly confirm: (message: bigint, nowMillis: number) => Outgoing | undefined
  /** What is to be sent now. Whoever has sent it says so to `sent`. */
  readonly due: (nowMillis: number) => ReadonlyArray<Outgoing>
  readonly sent: (outgoing: Outgoing, nowMillis: number) => void
  /** All that waits, each sender's messages in order; nothing is on its way any more. */
  readonly takeAll: () => ReadonlyArray<Outgoing>
  readonly queuedBytes: () => number
}

const firstPauseMillis = 500
const longestPauseMillis = 8000

/** Makes lanes in which nothing is. */
export const make = (): Lanes => {
  const bySender = new Map<bigint, Array<Outgoing>>()
  let queuedBytes = 0

  return {
    add: (sender, message, frame, nowMillis) => {
      const lane = bySender.get(sender) ?? []
      if (lane.length === 0) bySender.set(sender, lane)
      lane.push({ message, frame, secretTo: undefined, attempts: 0, dueMillis: nowMillis })
      queuedBytes += frame.length
    },
    confirm: (message, nowMillis) => {
      for (const [sender, lane] of bySender) {
        const first = lane[0]!
        if (first.message !== message || first.attempts === 0) continue
        lane.shift()
        queuedBytes -= first.frame.length
        if (lane.length === 0) bySender.delete(sender)
        else lane[0]!.dueMillis = nowMillis
        return first
      }
      return undefined
    },
    due: (nowMillis) => {
      const due: Array<Outgoing> = []
      for (const [first] of bySender.values()) if (first!.dueMillis <= nowMillis) due.push(first!)
      return due
    },
    sent: (outgoing, nowMillis) => {
      outgoing.dueMillis = nowMillis + Math.min(firstPauseMillis * 2 ** outgoing.attempts, longestPauseMillis)
      outgoing.attempts++
    },
    takeAll: () => {
      const all = [...bySender.values()].flat()
      bySender.clear()
      queuedBytes = 0
      return all
    },
    queuedBytes: () => queuedBytes
  }
}
