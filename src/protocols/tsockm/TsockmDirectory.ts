/**
 * Who is behind the public ids.
 *
 * - Everybody whom a peer may hear of has one, whatever protocol they speak; the server too.
 * - Whoever has gone is known for another while, because peers ask who it was.
 */

/** Somebody as peers see them. */
export interface Entry {
  readonly id: string
  readonly signature: string
  name: string
}

/** The number under which the server speaks; no user has it. */
export const serverNumber = 0

/** How many are known at most; those of whom nothing was heard for the longest time are forgotten first. */
const entryLimit = 20_000

/** Makes a directory in which nobody is. */
export const make = (makeId: () => string, makeSignature: () => string, graceMillis: number) => {
  const byNumber = new Map<number, Entry>()
  const byId = new Map<string, Entry>()
  /** When those who have gone are to be forgotten, the earliest first. */
  const leaving = new Map<number, number>()
  let lastNumber: number | undefined

  const forget = (number: number): void => {
    const entry = byNumber.get(number)
    byNumber.delete(number)
    leaving.delete(number)
    if (entry !== undefined) byId.delete(entry.id)
  }

  return {
    /** The entry of a user, who is called this now. */
    of: (number: number, name: string): Entry => {
      const known = byNumber.get(number)
      if (known !== undefined) {
        known.name = name
        if (number === lastNumber) return known
        lastNumber = number
        byNumber.delete(number)
        byNumber.set(number, known)
        return known
      }
      lastNumber = number
      const entry: Entry = { id: makeId(), signature: makeSignature(), name }
      byNumber.set(number, entry)
      byId.set(entry.id, entry)
      if (byNumber.size > entryLimit) {
        for (const oldest of byNumber.keys()) {
          forget(oldest)
          break
        }
      }
      return entry
    },
    find: (id: string): Entry | undefined => byId.get(id),
    /** Takes note that a user has gone. */
    leave: (number: number, nowMillis: number): void => {
      if (!leaving.has(number)) leaving.set(number, nowMillis + graceMillis)
    },
    /** Forgets those who have been gone for long enough. */
    sweep: (nowMillis: number): void => {
      for (const [number, atMillis] of leaving) {
        if (atMillis > nowMillis) return
        forget(number)
      }
    },
    count: (): number => byNumber.size
  }
}

/** Who is behind the public ids. */
export type Directory = ReturnType<typeof make>
