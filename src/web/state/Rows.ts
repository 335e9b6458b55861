/** The entries of a conversation as they are shown: days apart, speakers together, comings and goings in one line. */
import type { Moved, Noted, Said } from "./Entry.ts"
import type { Timeline } from "./Timeline.ts"

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly atMillis: number }
  /** What follows had not been read when the conversation was opened. */
  | { readonly kind: "unread"; readonly key: string }
  /** `isFirst` begins what one person says in a row. */
  | { readonly kind: "said"; readonly key: string; readonly entry: Said; readonly isFirst: boolean }
  | { readonly kind: "moved"; readonly key: string; readonly entries: ReadonlyArray<Moved> }
  | { readonly kind: "noted"; readonly key: string; readonly entry: Noted }

/** How long somebody may pause and still speak in a row. */
export const pauseMillis = 5 * 60_000

/** The local day of a time, as a number that differs between days. */
export const dayOf = (atMillis: number): number => {
  const date = new Date(atMillis)
  return date.getFullYear() * 10_000 + date.getMonth() * 100 + date.getDate()
}

/** The rows of a conversation; `firstUnread` is the key of the first entry that was not read. */
export const rows = (timeline: Timeline, firstUnread?: string): ReadonlyArray<Row> => {
  const found: Array<Row> = []
  let day: number | undefined
  for (const entry of timeline) {
    if (dayOf(entry.atMillis) !== day) {
      day = dayOf(entry.atMillis)
      found.push({ kind: "day", key: `day ${entry.key}`, atMillis: entry.atMillis })
    }
    if (entry.key === firstUnread) found.push({ kind: "unread", key: "unread" })
    const last = found.at(-1)
    if (entry.kind === "noted") found.push({ kind: "noted", key: entry.key, entry })
    else if (entry.kind === "moved") {
      if (last?.kind === "moved") found[found.length - 1] = { ...last, entries: [...last.entries, entry] }
      else found.push({ kind: "moved", key: entry.key, entries: [entry] })
    } else {
      const isFirst =
        last?.kind !== "said" ||
        last.entry.from !== entry.from ||
        last.entry.protocol !== entry.protocol ||
        entry.atMillis - last.entry.atMillis > pauseMillis
      found.push({ kind: "said", key: entry.key, entry, isFirst })
    }
  }
  return found
}

const shownNames = 3

const list = (names: ReadonlyArray<string>): string => {
  const shown = names.length > shownNames + 1 ? names.slice(0, shownNames) : names
  const rest = names.length - shown.length
  const all = rest > 0 ? [...shown, `${rest} others`] : shown
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`
}

/** Comings and goings in one sentence. Who came and went is named once. */
export const summary = (moves: ReadonlyArray<Moved>): string => {
  const joined = new Set<string>()
  const left = new Set<string>()
  const visited = new Set<string>()
  const returned = new Set<string>()
  const renamed: Array<string> = []
  for (const { move, name, oldName } of moves) {
    if (move === "renamed") renamed.push(`${oldName} is now ${name}`)
    else if (move === "joined") {
      const isBack = left.delete(name) || visited.delete(name)
      ;(isBack ? returned : joined).add(name)
    } else {
      const wasNew = joined.delete(name)
      returned.delete(name)
      ;(wasNew ? visited : left).add(name)
    }
  }
  const parts = [
    joined.size > 0 && `${list([...joined])} joined`,
    left.size > 0 && `${list([...left])} left`,
    visited.size > 0 && `${list([...visited])} came and went`,
    returned.size > 0 && `${list([...returned])} left and came back`,
    ...renamed
  ]
  return parts.filter((part) => part !== false).join(" · ")
}
