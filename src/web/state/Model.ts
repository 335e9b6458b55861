/** What the page knows and does, for its components to show and call. */
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals"
import * as Connection from "../net/Connection.ts"
import type { Direct, Note, Welcome } from "../net/Wire.ts"
import * as Memory from "./Memory.ts"
import * as Places from "./Place.ts"
import * as Rooms from "./Rooms.ts"
import * as Sending from "./Sending.ts"
import * as SlashWords from "./SlashWords.ts"
import * as Timeline from "./Timeline.ts"

/** `closed` is a connection that the server wants no more. */
export type Link = "none" | "connecting" | "online" | "lost" | "closed"

export interface Invitation {
  readonly room: string
  readonly by: string
}

/** What was begun to be written somewhere. */
export interface Draft {
  readonly text: string
  readonly files: ReadonlyArray<File>
}

/** Something was said that its reader may not be looking at. */
export interface News {
  readonly place: Places.Place
  readonly from: string
  readonly text: string
}

export interface Model {
  readonly me: ReadonlySignal<Places.Member | undefined>
  readonly link: ReadonlySignal<Link>
  /** What there is to say about the connection, or why a name was refused. */
  readonly remark: ReadonlySignal<string | undefined>
  readonly places: ReadonlySignal<Places.Places>
  readonly place: ReadonlySignal<Places.Place | undefined>
  readonly unread: ReadonlySignal<number>
  readonly invitations: Signal<ReadonlyArray<Invitation>>
  readonly uploads: Sending.Sending["uploads"]
  readonly isLoading: ReadonlySignal<boolean>
  /** By the keys of the places for which they are. */
  readonly drafts: Map<string, Draft>
  readonly enter: (name: string) => void
  readonly leave: () => void
  readonly reconnect: () => void
  readonly select: (key: string) => void
  readonly talkTo: (name: string) => void
  readonly say: (text: string, files: ReadonlyArray<File>) => void
  readonly retry: (key: string) => void
  readonly discard: (key: string) => void
  readonly loadOlder: () => Promise<void>
  readonly refreshRooms: () => Promise<void>
  /** These give what the server says against it, if anything. */
  readonly join: (room: string) => Promise<string | undefined>
  readonly leaveRoom: (room: string) => Promise<string | undefined>
  readonly setPrivate: (room: string, isPrivate: boolean) => Promise<string | undefined>
  readonly invite: (name: string, room: string) => Promise<string | undefined>
  readonly rename: (name: string) => Promise<string | undefined>
}

// A connection that broke keeps its name on the server until that notices.
const ghostMillis = 3_000
const ghostTries = 30
/** The connection of a page that was left is noticed at once; a second page with the same name is none of it. */
const ghostTriesOnLoad = 2

const noConnection = "There is no connection."

export const make = (heard: (news: News) => void): Model => {
  const memory = Memory.recall()
  // Who comes back to a page that was loaded again is inside at once; only the number is not known yet.
  const me = signal<Places.Member | undefined>(
    memory.name === undefined ? undefined : { number: -1, name: memory.name, protocol: "sockets" }
  )
  const link = signal<Link>("none")
  const remark = signal<string | undefined>(undefined)
  const places = signal<Places.Places>(memory.places)
  const current = signal(memory.current ?? Rooms.general)
  const invitations = signal<ReadonlyArray<Invitation>>([])
  const place = computed(() => places.value.get(current.value))
  let wanted = memory.name ?? ""
  let ghosts = ghostTries - ghostTriesOnLoad
  let session = 0
  let stamps = 0
  let skewMillis = 0

  const now = (): number => Date.now() + skewMillis
  const stamp = (): Places.Stamp => ({ key: `page ${++stamps}`, atMillis: now() })
  const isSeen = (key: string): boolean => key === current.value && document.visibilityState === "visible"
  const ownName = (): string => me.value?.name ?? wanted

  const note = (text: string, key = current.value): void => {
    const target = places.value.has(key) ? key : Rooms.general
    places.value = Places.hear(places.value, target, { kind: "noted", ...stamp(), text }, isSeen(target))
  }

  const select = (key: string): void => {
    if (key !== current.value) places.value = Places.leaveBehind(places.value, current.value)
    current.value = key
    places.value = Places.see(places.value, key)
  }

  const tried = async (act: () => Promise<unknown>): Promise<string | undefined> => {
    if (link.value !== "online") return noConnection
    try {
      await act()
      return undefined
    } catch (error) {
      return link.value === "online" && error instanceof Error ? error.message : noConnection
    }
  }

  const sending = Sending.make({
    connection: () => connection,
    places,
    now,
    stamp,
    ownName,
    protocol: () => me.value?.protocol,
    isOnline: () => link.value === "online"
  })

  const rooms = Rooms.make({
    connection: () => connection,
    places,
    current,
    select,
    isSeen,
    ownName,
    note,
    sending,
    session: () => session
  })

  const welcome = ({ rooms: listed, user }: Welcome): void => {
    const oldName = me.value?.name ?? memory.name
    const before = [...places.value.values()].filter(({ isMember, kind }) => kind === "room" && isMember)
    if (oldName !== undefined && oldName !== user.name) sending.disown()
    session += 1
    ghosts = 0
    wanted = user.name
    me.value = user
    remark.value = undefined
    link.value = "online"
    // What is remembered of rooms stays until it is known which of them are still there.
    if (before.length === 0) places.value = Places.listed(places.value, listed)
    else for (const { name } of listed) places.value = Places.open(places.value, "room", name)
    places.value = Places.change(places.value, Rooms.general, () => ({ isMember: true }))
    if (!places.value.has(current.value)) current.value = Rooms.general
    const mine = session
    rooms.restore(before).catch(() => {
      if (mine === session && link.value === "online") void rooms.refresh().then(sending.open, () => {})
    })
  }

  const say = (text: string, files: ReadonlyArray<File>): void => {
    const here = place.value
    if (here === undefined) return
    places.value = Places.change(places.value, here.key, () => ({ firstUnread: undefined }))
    if (files.length > 0 || !SlashWords.isCommand(text)) return sending.say(here.key, text, files)
    note(text)
    void tried(async () => {
      // The server takes commands to be about the room where it last saw one.
      if (here.kind === "room" && here.isMember) await connection.ask("join", { room: here.name })
      await rooms.ask("message", { from: ownName(), message: text })
      const known = places.value
      await rooms.refresh()
      const entered = [...places.value.values()].find((it) => it.isMember && known.get(it.key)?.isMember !== true)
      if (entered !== undefined) select(entered.key)
    }).then((fault) => fault !== undefined && note(fault))
  }

  const hear = (key: string, { at, ...said }: Omit<Timeline.Record, "at"> & { readonly at: number }): void => {
    skewMillis = at - Date.now()
    const entry = Timeline.said({ ...said, at }, ownName())
    places.value = Places.hear(places.value, key, entry, isSeen(key))
    heard({ place: places.value.get(key)!, from: entry.from, text: entry.text || (entry.file?.name ?? "") })
  }

  const connection = Connection.open({
    welcome,
    refused: ({ code, message }) => {
      if (me.value !== undefined && code === "NameTaken" && ghosts < ghostTries) {
        ghosts += 1
        remark.value = `The server has not noticed yet that ${wanted} was cut off.`
        setTimeout(() => link.value !== "online" && connection.register(wanted), ghostMillis)
        return
      }
      // It would take the name by itself when it is free, though nobody asks for it any more.
      connection.close()
      session += 1
      me.value = undefined
      link.value = "none"
      remark.value = message
    },
    lost: (isFinal, reason) => {
      session += 1
      sending.close()
      if (me.value === undefined && link.value === "connecting" && !isFinal)
        remark.value = "The server does not answer."
      link.value = isFinal ? "closed" : me.value === undefined ? link.value : "lost"
      if (me.value !== undefined || isFinal) remark.value = reason
      const stale = new Map(places.value)
      for (const [key, it] of stale) if (it.kind === "room") stale.set(key, { ...it, isCurrent: false })
      places.value = stale
    },
    message: ({ at, from, message, number, protocol, room, text, file }: Note) => {
      if (room === undefined || number === undefined || at === undefined) return note(message)
      const record = { from, message: text ?? message, number, at, protocol: protocol ?? "", file }
      hear(Places.roomKey(room), record)
    },
    direct: (direct: Direct) => {
      places.value = Places.open(places.value, "direct", direct.from)
      hear(Places.directKey(direct.from), direct)
    },
    presence: (presence) => {
      if (presence.event === "renamed" && presence.user.number === me.value?.number) {
        me.value = presence.user
        wanted = presence.user.name
      }
      const isHere = presence.event === "renamed" && current.value === Places.directKey(presence.oldName)
      places.value = Places.move(places.value, presence, stamp(), me.value?.number)
      if (presence.event !== "renamed") return
      sending.move(Places.directKey(presence.oldName), Places.directKey(presence.user.name))
      if (isHere) current.value = Places.directKey(presence.user.name)
    },
    room: ({ isPrivate, room }) => {
      const key = Places.roomKey(room)
      places.value = Places.change(places.value, key, () => ({ isPrivate }))
      note(
        isPrivate ? "This room is private now: only its members see it." : "This room is open to everybody now.",
        key
      )
    },
    invited: (invitation) => {
      invitations.value = [...invitations.value.filter(({ room }) => room !== invitation.room), invitation]
      void rooms.refresh().catch(() => {})
    }
  })

  effect(() => Memory.keep(me.value?.name, places.value, current.value))
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") places.value = Places.see(places.value, current.value)
  })

  const enter = (name: string): void => {
    wanted = name
    remark.value = undefined
    link.value = "connecting"
    connection.register(name)
  }

  if (memory.name !== undefined) enter(memory.name)

  return {
    me,
    link,
    remark,
    places,
    place,
    unread: computed(() => Places.unreadCount(places.value)),
    invitations,
    uploads: sending.uploads,
    drafts: new Map(),
    isLoading: rooms.isLoading,
    enter,
    leave: () => {
      Memory.forget()
      connection.close()
      location.reload()
    },
    reconnect: () => enter(wanted),
    select,
    talkTo: (name) => {
      places.value = Places.open(places.value, "direct", name)
      select(Places.directKey(name))
    },
    say,
    retry: sending.retry,
    discard: sending.discard,
    loadOlder: () => rooms.loadOlder(place.value),
    refreshRooms: () => rooms.refresh().catch(() => {}),
    join: (room) => tried(() => rooms.join(room)),
    leaveRoom: (room) => tried(() => rooms.ask("leave", { room }).then(rooms.refresh)),
    setPrivate: (room, isPrivate) => tried(() => rooms.ask("private", { room, private: isPrivate })),
    invite: (name, room) => tried(() => rooms.ask("invite", { name, room })),
    rename: (name) => tried(() => rooms.ask("rename", { name }))
  }
}
