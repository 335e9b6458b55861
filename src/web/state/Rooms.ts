/** Which rooms there are, who is in them and what was said there: asked of the server, and kept up to date. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals"
import type { Connection } from "../net/Connection.ts"
import type { Accepted } from "../net/Wire.ts"
import * as Places from "./Place.ts"
import type { Sending } from "./Sending.ts"
import * as Timeline from "./Timeline.ts"

export interface Parts {
  readonly connection: () => Connection
  readonly places: Signal<Places.Places>
  readonly current: ReadonlySignal<string>
  readonly select: (key: string) => void
  readonly isSeen: (key: string) => boolean
  readonly ownName: () => string
  readonly note: (text: string, key: string) => void
  readonly sending: Sending
  /** Differs between connections: answers of an earlier one are none any more. */
  readonly session: () => number
}

export interface Rooms {
  readonly isLoading: ReadonlySignal<boolean>
  /** Asks the server something; fails with its words when it refuses. */
  readonly ask: (event: string, ...args: ReadonlyArray<unknown>) => Promise<Accepted>
  readonly refresh: () => Promise<void>
  readonly join: (name: string) => Promise<void>
  /** Goes back to where one was before the connection broke, and lets what was written meanwhile go. */
  readonly restore: (before: ReadonlyArray<Places.Place>) => Promise<void>
  readonly loadOlder: (place: Places.Place | undefined) => Promise<void>
}

/** The room in which everybody is. */
export const general = Places.roomKey("general")

export const make = (parts: Parts): Rooms => {
  const { connection, current, isSeen, ownName, places, select, sending, session } = parts
  const isLoading = signal(false)

  const ask = async (event: string, ...args: ReadonlyArray<unknown>): Promise<Accepted> => {
    const answer = await connection().ask(event, ...args)
    if (!answer.ok) throw new Error(answer.error.message)
    return answer
  }

  const bring = async (key: string): Promise<void> => {
    const room = places.value.get(key)
    if (room?.kind !== "room" || !room.isMember) return
    const mine = session()
    const { messages = [] } = await ask("history", { room: room.name, limit: Places.pageLimit })
    const { users = [] } = await ask("users", { room: room.name })
    if (mine !== session()) return
    const page = messages.map((it) => Timeline.said(it, ownName()))
    sending.recognize(key, page)
    places.value = Places.caughtUp(places.value, key, page, isSeen(key))
    places.value = Places.change(places.value, key, () => ({ members: users, memberCount: users.length }))
  }

  const refresh = async (): Promise<void> => {
    const { rooms = [] } = await ask("rooms")
    places.value = Places.listed(places.value, rooms)
    if (!places.value.has(current.value)) {
      const first = [...places.value.values()].find(({ isMember, kind }) => isMember && kind === "room")
      select(first?.key ?? general)
    }
    for (const { isCurrent, key } of places.value.values()) if (!isCurrent) await bring(key)
  }

  const join = async (name: string): Promise<void> => {
    const answer = await connection().ask("join", { room: name })
    // Who is there already only looks there.
    if (!answer.ok && answer.error.code !== "AlreadyInRoom") throw new Error(answer.error.message)
    const wanted = name.trim().toLowerCase()
    const known = [...places.value.values()].find((it) => it.kind === "room" && it.name.toLowerCase() === wanted)
    const room = answer.ok ? (answer.room ?? name) : (known?.name ?? name)
    const key = Places.roomKey(room)
    places.value = Places.open(places.value, "room", room)
    places.value = Places.change(places.value, key, () => ({ isMember: true }))
    select(key)
    await refresh()
  }

  // A room in which nobody was meanwhile is made anew, and must not be open if it was not.
  const rejoin = async ({ isPrivate, name }: Places.Place): Promise<boolean> => {
    const answer = await connection().ask("join", { room: name })
    if (!answer.ok) parts.note(`You are not in ${name} any more. ${answer.error.message}`, general)
    else if (isPrivate && answer.members?.length === 1) await ask("private", { room: name, private: true })
    return answer.ok
  }

  const restore = async (before: ReadonlyArray<Places.Place>): Promise<void> => {
    const mine = session()
    let count = 0
    for (const room of before) if (room.key !== general && (await rejoin(room))) count += 1
    if (count > 0 && !before.some(({ key }) => key === general)) await ask("leave", { room: "general" })
    await bring(current.value)
    await refresh()
    if (mine === session()) sending.open()
  }

  const loadOlder = async (place: Places.Place | undefined): Promise<void> => {
    if (place?.kind !== "room" || !place.hasOlder || !place.isCurrent || isLoading.value) return
    isLoading.value = true
    const before = Timeline.oldestNumber(place.timeline)
    const range = { limit: Places.pageLimit, ...(before !== undefined && { before }) }
    try {
      const { messages = [] } = await ask("history", { room: place.name, ...range })
      const page = messages.map((it) => Timeline.said(it, ownName()))
      places.value = Places.olderRead(places.value, place.key, page)
    } catch {
      // Without a connection there is nothing to read; scrolling asks again.
    } finally {
      isLoading.value = false
    }
  }

  return { isLoading, ask, refresh, join, restore, loadOlder }
}
