/**
 * The entries of one conversation, oldest first.
 *
 * - What the server has numbered is in the order of its clock and its numbers; what it has not is at the end, in the order
 *   in which it was written.
 * - A message is there once, whether it came live, from the history, or both.
 */
import type { Entry, Said, SharedFile } from "./Entry.ts"

export type Timeline = ReadonlyArray<Entry>

const isPending = (entry: Entry): boolean => entry.kind === "said" && entry.delivery !== "sent"

// Numbers start again when a server forgets everything, so the time goes first.
const isBefore = (one: Entry, other: Entry): boolean => {
  if (isPending(one) || isPending(other)) return !isPending(one) && isPending(other)
  if (one.atMillis !== other.atMillis) return one.atMillis < other.atMillis
  const numbers = [one, other].map((it) => (it.kind === "said" ? it.number : undefined))
  return numbers[0] !== undefined && numbers[1] !== undefined && numbers[0] < numbers[1]
}

const isSame = (one: Entry, other: Entry): boolean => {
  if (one.key === other.key) return true
  if (one.kind !== "said" || other.kind !== "said" || one.number === undefined) return false
  return one.number === other.number && one.atMillis === other.atMillis
}

/** Puts an entry where it belongs, unless it is there. */
export const add = (timeline: Timeline, entry: Entry): Timeline => {
  if (timeline.some((it) => isSame(it, entry))) return timeline
  let at = timeline.length
  while (at > 0 && isBefore(entry, timeline[at - 1]!)) at -= 1
  return [...timeline.slice(0, at), entry, ...timeline.slice(at)]
}

/** The messages of a page that are not there yet. */
export const missing = (timeline: Timeline, page: ReadonlyArray<Said>): ReadonlyArray<Said> => {
  const known = new Set(timeline.map((it) => (it.kind === "said" ? `${it.number} ${it.atMillis}` : it.key)))
  return page.filter((it) => !known.has(`${it.number} ${it.atMillis}`))
}

/** Puts a page of the history where it belongs. */
export const merge = (timeline: Timeline, page: ReadonlyArray<Said>): Timeline => {
  const fresh = missing(timeline, page)
  if (fresh.length === 0) return timeline
  const merged: Array<Entry> = []
  let at = 0
  for (const entry of timeline) {
    while (at < fresh.length && isBefore(fresh[at]!, entry)) merged.push(fresh[at++]!)
    merged.push(entry)
  }
  return [...merged, ...fresh.slice(at)]
}

/**
 * Brings a conversation up to date after a time without connection, by the last page of its history, of at most
 * `limit` messages. Where more was missed than fits the page, what was there before is dropped, for it would seem to
 * join up with the page; it can be read again from the history.
 */
export const catchUp = (timeline: Timeline, page: ReadonlyArray<Said>, limit: number): Timeline => {
  const lastKnown = timeline.findLast((it) => it.kind === "said" && it.number !== undefined)
  const [oldest] = page
  const isGap =
    lastKnown !== undefined &&
    oldest !== undefined &&
    page.length >= limit &&
    isBefore(lastKnown, oldest) &&
    !page.some((it) => isSame(it, lastKnown))
  return isGap ? [...page, ...timeline.filter(isPending)] : merge(timeline, page)
}

/** Changes a message of one's own; it moves to its place when it is numbered. */
export const change = (timeline: Timeline, key: string, changes: Partial<Omit<Said, "kind" | "key">>): Timeline => {
  const entry = timeline.find((it) => it.key === key)
  if (entry?.kind !== "said") return timeline
  const changed: Said = { ...entry, ...changes }
  const rest = timeline.filter((it) => it !== entry)
  // The history may have brought it meanwhile, as the message of somebody with one's own name.
  return add(
    rest.filter((it) => !isSame(changed, it)),
    changed
  )
}

export const remove = (timeline: Timeline, key: string): Timeline => timeline.filter((it) => it.key !== key)

/** The number of the oldest message: where to go on reading the history backwards. */
export const oldestNumber = (timeline: Timeline): number | undefined => {
  for (const entry of timeline) if (entry.kind === "said" && entry.number !== undefined) return entry.number
  return undefined
}

/** What is kept of a long conversation that is not being read: the end of it. */
export const shorten = (timeline: Timeline, limit: number): Timeline =>
  timeline.length > limit ? timeline.slice(timeline.length - Math.ceil(limit / 2)) : timeline

/** A message as the server records it. */
export interface Record {
  readonly from: string
  readonly message: string
  readonly number: number
  readonly at: number
  readonly protocol: string
  readonly file?: { readonly name: string; readonly size: number; readonly url: string } | undefined
}

export const sharedFile = (file: Record["file"]): SharedFile | undefined =>
  file && { name: file.name, sizeBytes: file.size, url: file.url }

/** An entry of a recorded message, seen by somebody called `ownName`. */
export const said = (record: Record, ownName: string): Said => ({
  kind: "said",
  key: `${record.number} ${record.at}`,
  from: record.from,
  protocol: record.protocol,
  text: record.message,
  atMillis: record.at,
  number: record.number,
  isOwn: record.from === ownName,
  file: sharedFile(record.file),
  delivery: "sent",
  fault: undefined
})
