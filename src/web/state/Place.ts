/** Where one talks on the page: a room, or with one other user. */
import type { Entry, Said, Speech } from "./Entry.ts"
import * as Timeline from "./Timeline.ts"

export interface Member {
  readonly number: number
  readonly name: string
  readonly protocol: Speech
}

export interface Place {
  readonly key: string
  readonly kind: "room" | "direct"
  readonly name: string
  readonly isPrivate: boolean
  /** Whether one is in the room; one is always with whom one talks to directly. */
  readonly isMember: boolean
  readonly memberCount: number
  /** Undefined until they were asked for. */
  readonly members: ReadonlyArray<Member> | undefined
  readonly timeline: Timeline.Timeline
  /** Whether the history may have messages before these. */
  readonly hasOlder: boolean
  /** Whether the last page of the history has come since the last connection. */
  readonly isCurrent: boolean
  readonly unread: number
  readonly firstUnread: string | undefined
}

export type Places = ReadonlyMap<string, Place>

/** A room as the server lists it. */
export interface ListedRoom {
  readonly name: string
  readonly isPrivate: boolean
  readonly isMember: boolean
  readonly memberCount: number
}

/** How many entries of a conversation that nobody looks at are kept. */
export const entryLimit = 1000

export const roomKey = (name: string): string => `#${name}`
export const directKey = (name: string): string => `@${name}`

/** What a key is of. */
export const named = (key: string): Pick<Place, "kind" | "name"> => ({
  kind: key.startsWith("@") ? "direct" : "room",
  name: key.slice(1)
})

const make = (kind: Place["kind"], name: string): Place => ({
  key: kind === "room" ? roomKey(name) : directKey(name),
  kind,
  name,
  isPrivate: false,
  isMember: kind === "direct",
  memberCount: 0,
  members: undefined,
  timeline: [],
  // The server remembers no direct messages.
  hasOlder: kind === "room",
  isCurrent: kind === "direct",
  unread: 0,
  firstUnread: undefined
})

const put = (places: Places, place: Place): Places => new Map(places).set(place.key, place)

/** Changes a place if it is there. */
export const change = (places: Places, key: string, edit: (place: Place) => Partial<Place>): Places => {
  const place = places.get(key)
  return place === undefined ? places : put(places, { ...place, ...edit(place) })
}

/** Makes sure that there is a room, or a conversation with somebody. */
export const open = (places: Places, kind: Place["kind"], name: string): Places => {
  const place = make(kind, name)
  return places.has(place.key) ? places : put(places, place)
}

const isUnsent = (entry: Entry): boolean => entry.kind === "said" && entry.delivery !== "sent"

/**
 * Takes the rooms as the server lists them: those that it does not are gone, or none of one's business. They stay only
 * for what was written there and has not been sent.
 */
export const listed = (places: Places, rooms: ReadonlyArray<ListedRoom>): Places => {
  const next = new Map<string, Place>()
  for (const room of rooms) {
    const key = roomKey(room.name)
    const known = places.get(key) ?? make("room", room.name)
    next.set(key, {
      ...known,
      ...room,
      ...(room.isMember ? undefined : { isCurrent: false, unread: 0, firstUnread: undefined })
    })
  }
  for (const [key, place] of places) {
    if (place.kind === "direct") next.set(key, place)
    else if (!next.has(key) && place.timeline.some(isUnsent)) next.set(key, { ...place, isMember: false })
  }
  return next
}

/** How many messages a page of the history has. */
export const pageLimit = 50

/** Takes the last page of a room's history, of which one may have missed something. */
export const caughtUp = (places: Places, key: string, page: ReadonlyArray<Said>, isSeen: boolean): Places =>
  change(places, key, (place) => {
    const before = place.timeline
    const timeline = Timeline.catchUp(before, page, pageLimit)
    const wasEmpty = Timeline.oldestNumber(before) === undefined
    // Nothing is known to be older than what the page leaves out.
    const isNew = wasEmpty || timeline[0] !== before[0]
    const kept = { timeline, isCurrent: true, hasOlder: page.length >= pageLimit && (isNew || place.hasOlder) }
    const missed = isSeen || wasEmpty ? [] : Timeline.missing(before, page).filter((it) => !it.isOwn)
    if (missed.length === 0) return kept
    return { ...kept, unread: place.unread + missed.length, firstUnread: place.firstUnread ?? missed[0]!.key }
  })

/** Takes a page of a room's history from before what was there. */
export const olderRead = (places: Places, key: string, page: ReadonlyArray<Said>): Places =>
  change(places, key, (place) => {
    const timeline = Timeline.merge(place.timeline, page)
    return { timeline, hasOlder: page.length >= pageLimit && timeline !== place.timeline }
  })

/** Adds what has just been heard. What is not `isSeen` counts as unread if it is a message. */
export const hear = (places: Places, key: string, entry: Entry, isSeen: boolean): Places =>
  change(places, key, (place) => {
    const timeline = Timeline.add(place.timeline, entry)
    if (timeline === place.timeline) return {}
    if (isSeen) return { timeline }
    const shorter = Timeline.shorten(timeline, entryLimit)
    const kept = { timeline: shorter, hasOlder: place.hasOlder || (shorter !== timeline && place.kind === "room") }
    if (entry.kind !== "said" || entry.isOwn) return kept
    return { ...kept, unread: place.unread + 1, firstUnread: place.firstUnread ?? entry.key }
  })

/** One looks at a place: nothing there is unread any more, though the mark stays where it was. */
export const see = (places: Places, key: string): Places =>
  (places.get(key)?.unread ?? 0) === 0 ? places : change(places, key, () => ({ unread: 0 }))

/** One looks away from a place: the mark is where one stops reading. */
export const leaveBehind = (places: Places, key: string): Places =>
  change(places, key, ({ timeline, unread }) => ({
    timeline: Timeline.shorten(timeline, entryLimit),
    ...(unread === 0 && { firstUnread: undefined })
  }))

/** How many messages are unread in all places together. */
export const unreadCount = (places: Places): number => {
  let count = 0
  for (const { unread } of places.values()) count += unread
  return count
}

/** What the server tells of somebody. */
export type Presence = { readonly user: Member } & (
  | { readonly event: "joined"; readonly room: string; readonly cause: "login" | "join" | "return" }
  | { readonly event: "left"; readonly room: string; readonly cause: "leave" | "logout" }
  | { readonly event: "renamed"; readonly oldName: string }
)

/** When, and under what key, what happened is entered. */
export interface Stamp {
  readonly key: string
  readonly atMillis: number
}

const moved = (presence: Presence, stamp: Stamp): Entry => ({
  kind: "moved",
  ...stamp,
  move: presence.event,
  name: presence.user.name,
  oldName: presence.event === "renamed" ? presence.oldName : undefined
})

const withMembers = (members: ReadonlyArray<Member>): Partial<Place> => ({
  members,
  memberCount: members.length
})

// Whoever talks to somebody directly goes on doing so under the new name.
const renameDirect = (places: Places, oldName: string, name: string): Places => {
  const place = places.get(directKey(oldName))
  if (place === undefined || places.has(directKey(name))) return places
  const next = new Map<string, Place>()
  for (const [key, it] of places) {
    if (it === place) next.set(directKey(name), { ...place, key: directKey(name), name })
    else next.set(key, it)
  }
  return next
}

/** Enters that somebody came, went or has another name, wherever it shows. Nobody is told of his own coming. */
export const move = (places: Places, presence: Presence, stamp: Stamp, ownNumber: number | undefined): Places => {
  const { user } = presence
  const isOwn = user.number === ownNumber
  const entry = moved(presence, stamp)
  const from = presence.event === "renamed" ? renameDirect(places, presence.oldName, user.name) : places
  let next = from
  for (const [key, place] of from) {
    const isWith = place.kind === "direct" && place.name === user.name
    const wasThere = place.members?.some(({ number }) => number === user.number) === true
    const isThere = place.kind === "room" && place.isMember
    const others = place.members?.filter(({ number }) => number !== user.number)
    const note = (it: Place) => ({ timeline: isOwn ? it.timeline : Timeline.add(it.timeline, entry) })
    if (presence.event === "renamed") {
      if (!wasThere && !isWith) continue
      const members = place.members?.map((it) => (it.number === user.number ? user : it))
      next = change(next, key, (it) => ({ ...note(it), ...(members && { members }) }))
    } else if (presence.event === "joined") {
      if (isWith && presence.cause === "login") next = change(next, key, note)
      if (!isThere || place.name !== presence.room) continue
      next = change(next, key, (it) => ({ ...note(it), ...(others && withMembers([...others, user])) }))
    } else {
      const isGone = presence.cause === "logout" && (wasThere || (isThere && place.name === presence.room))
      if (isWith && presence.cause === "logout") next = change(next, key, note)
      else if (isGone || (isThere && place.name === presence.room)) {
        next = change(next, key, (it) => ({ ...note(it), ...(others && withMembers(others)) }))
      }
    }
  }
  return next
}
