/**
 * Which rooms there are and who is in them.
 *
 * - Default rooms come first and stay; another room is there while somebody is in it.
 * - A private room is open to those who were in it when it was closed and to those who were invited since. That right is
 *   the session's, not the name's: a name that became free can be taken by anybody.
 * - Nothing here suspends.
 */
import { Context, Effect, Layer, Result } from "effect"
import { general, lookAlikeKey, type RoomName, roomName } from "../domain/Names.ts"
import { AlreadyInRoom, type NameInvalid, RoomPrivate, RoomProtected, TooManyRooms } from "../domain/Rejection.ts"
import { Limits } from "./Limits.ts"
import type { Room } from "./Room.ts"
import type { Session } from "./Session.ts"

interface RoomState extends Room {
  isPrivate: boolean
  readonly members: Set<Session>
  admitted: WeakSet<Session>
}

// The services' view of a session.
interface Membership {
  readonly rooms: Set<Room>
  current: Room
}
const membership = (session: Session): Membership => session as Session & Membership

/** Why a room cannot be entered. */
export type EnterRefused = NameInvalid | AlreadyInRoom | RoomPrivate | TooManyRooms

/** What is about to be entered: a room that there is, or is to be made. */
export interface Entry {
  readonly name: RoomName
  readonly room: Room | undefined
}

/** The rooms, who is in them, and who may enter. */
export class Rooms extends Context.Service<
  Rooms,
  {
    /** Where everybody begins. */
    readonly general: Room
    /** Puts a session into a room and makes that its current one. The room is made if there is none. */
    readonly enter: (session: Session, name: string) => Result.Result<Room, EnterRefused>
    /** What it would enter by that name now, or why it would not. Nothing is changed. */
    readonly entry: (session: Session, name: string) => Result.Result<Entry, EnterRefused>
    /**
     * Takes a session out of a room. A session that is in no other room keeps it as its `current` until it enters one.
     * A room that is empty then, and no default one, is removed; the answer is whether it was.
     */
    readonly leave: (session: Session, room: Room) => boolean
    /** Closes a room to outsiders, or opens it. */
    readonly setPrivate: (room: Room, isPrivate: boolean) => Result.Result<void, RoomProtected>
    /** Lets a session into a room although it is private. */
    readonly admit: (room: Room, session: Session) => void
    readonly find: (name: string) => Room | undefined
    /** All rooms, private ones too: default rooms, then in the order in which they were made. */
    readonly all: () => ReadonlyArray<Room>
    /** Whether a session may know of a room. */
    readonly isVisible: (room: Room, session: Session) => boolean
    /** The rooms that a session may know of: default rooms, then in the order in which they were made. */
    readonly visible: (session: Session) => ReadonlyArray<Room>
    readonly count: () => number
  }
>()("parlance/services/Rooms") {
  static readonly layer = Layer.effect(
    Rooms,
    Effect.gen(function* () {
      const limits = yield* Limits
      const rooms = new Map<string, RoomState>()

      const make = (name: RoomName, isDefault: boolean): RoomState => {
        const key = lookAlikeKey(name)
        const room: RoomState = { name, key, isDefault, isPrivate: false, members: new Set(), admitted: new WeakSet() }
        rooms.set(key, room)
        return room
      }
      const lobby = make(general, true)
      for (const name of limits.defaultRooms) if (!rooms.has(lookAlikeKey(name))) make(name, true)

      const isVisible = (room: Room, session: Session): boolean =>
        !room.isPrivate || room.members.has(session) || (room as RoomState).admitted.has(session)

      const entry = (session: Session, wanted: string): Result.Result<Entry, EnterRefused> => {
        const known = rooms.get(lookAlikeKey(wanted))
        // A default room may have a name that nobody can make one by.
        const name = known?.name === wanted ? Result.succeed(known.name) : roomName(wanted)
        if (Result.isFailure(name)) return Result.fail(name.failure)
        const room = known ?? rooms.get(lookAlikeKey(name.success))
        if (room === undefined) {
          if (rooms.size >= limits.roomLimit) return Result.fail(new TooManyRooms({ limit: limits.roomLimit }))
          return Result.succeed({ name: name.success, room })
        }
        if (!isVisible(room, session)) return Result.fail(new RoomPrivate())
        if (room.members.has(session) && session.current === room) return Result.fail(new AlreadyInRoom())
        return Result.succeed({ name: room.name, room })
      }

      const enter = (session: Session, wanted: string): Result.Result<Room, EnterRefused> => {
        const entered = entry(session, wanted)
        if (Result.isFailure(entered)) return Result.fail(entered.failure)
        const room = (entered.success.room ?? make(entered.success.name, false)) as RoomState
        const own = membership(session)
        room.members.add(session)
        own.rooms.add(room)
        own.current = room
        return Result.succeed(room)
      }

      const leave = (session: Session, room: Room): boolean => {
        const state = room as RoomState
        state.members.delete(session)
        const own = membership(session)
        own.rooms.delete(room)
        if (own.current === room) for (const other of own.rooms) own.current = other
        if (state.isDefault || state.members.size > 0) return false
        rooms.delete(state.key)
        return true
      }

      const setPrivate = (room: Room, isPrivate: boolean): Result.Result<void, RoomProtected> => {
        const state = room as RoomState
        if (state.isDefault) return Result.fail(new RoomProtected())
        state.isPrivate = isPrivate
        state.admitted = new WeakSet()
        if (isPrivate) for (const member of state.members) state.admitted.add(member)
        return Result.succeed(undefined)
      }

      return Rooms.of({
        general: lobby,
        enter,
        entry,
        leave,
        setPrivate,
        admit: (room, session) => void (room as RoomState).admitted.add(session),
        find: (name) => rooms.get(lookAlikeKey(name)),
        all: () => Array.from(rooms.values()),
        isVisible,
        visible: (session) => Array.from(rooms.values()).filter((room) => isVisible(room, session)),
        count: () => rooms.size
      })
    })
  )
}
