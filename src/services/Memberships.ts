/**
 * Who comes, goes, moves, is renamed or let in, and who is told of it.
 *
 * - Every change and its announcement happen in one piece, without suspension.
 * - A session that is logged in is always in a room: whoever is nowhere else is in `general`.
 */
import { Effect, Result } from "effect"
import { done, type Reply } from "../domain/Command.ts"
import type { SharedEvent } from "../domain/Event.ts"
import { NoSuchUser, NotInRoom, type Rejection } from "../domain/Rejection.ts"
import type { RoomSummary } from "../domain/Room.ts"
import { type Broadcaster, companions, isCrowd } from "./Broadcaster.ts"
import type { History } from "./History.ts"
import { memberNames, type Room, summary as roomSummary } from "./Room.ts"
import type { Rooms } from "./Rooms.ts"
import { type Session, summary } from "./Session.ts"
import type { Sessions } from "./Sessions.ts"
import type { Turn } from "./Turn.ts"

/** What a command leads to that needs no waiting. */
type Outcome = Result.Result<Reply, Rejection>

const ok: Outcome = Result.succeed(done)

/** What memberships are made of. */
export interface Dependencies {
  readonly broadcaster: Broadcaster
  readonly history: History["Service"]
  readonly rooms: Rooms["Service"]
  readonly sessions: Sessions["Service"]
}

/** Makes the part of the chat that knows who is where. */
export const make = ({ broadcaster, history, rooms, sessions }: Dependencies) => {
  const come = (session: Session, room: Room, cause: "join" | "return", told: Iterable<Session> = room.members): void =>
    broadcaster.tell(
      told,
      { _tag: "UserJoined", room: room.name, user: summary(session), members: memberNames(room), cause },
      session
    )

  // Nobody can be let into a private room that is empty.
  const depart = (session: Session, room: Room): void => {
    if (rooms.leave(session, room) && room.isPrivate) history.forget(room.key)
  }

  const go = (session: Session, room: Room): void => {
    depart(session, room)
    const members = memberNames(room)
    const event: SharedEvent = {
      _tag: "UserLeft",
      room: room.name,
      user: summary(session),
      members,
      cause: "leave"
    }
    broadcaster.tell(room.members, event, session)
  }

  const visibleRooms = (session: Session): ReadonlyArray<RoomSummary> =>
    rooms.visible(session).map((room) => roomSummary(room, session))

  // The room that a command is about: one that the session is in.
  const roomOf = (session: Session, name: string | undefined): Result.Result<Room, NotInRoom> => {
    const room = name === undefined ? session.current : rooms.find(name)
    return room !== undefined && room.members.has(session) ? Result.succeed(room) : Result.fail(new NotInRoom())
  }

  // The room that a question is about: one that the session may know of.
  const roomSeen = (session: Session, name: string | undefined): Result.Result<Room, NotInRoom> => {
    const room = name === undefined ? session.current : rooms.find(name)
    return room !== undefined && rooms.isVisible(room, session) ? Result.succeed(room) : Result.fail(new NotInRoom())
  }

  const join = (session: Session, name: string, stay: boolean): Outcome => {
    const wasIn = rooms.find(name)?.members.has(session) === true
    const entered = rooms.enter(session, name)
    if (Result.isFailure(entered)) return Result.fail(entered.failure)
    const room = entered.success
    if (!stay) for (const other of Array.from(session.rooms)) if (other !== room) go(session, other)
    // To speak in another of one's rooms is no news for those who are in it.
    come(session, room, "join", wasIn ? [session] : room.members)
    return Result.succeed({ _tag: "Joined", room: room.name, members: memberNames(room) })
  }

  const leave = (session: Session, name: string | undefined): Outcome => {
    const room = roomOf(session, name)
    if (Result.isFailure(room)) return Result.fail(room.failure)
    const left = room.success
    if (left === rooms.general && session.rooms.size === 1) return Result.fail(new NotInRoom())
    go(session, left)
    const isNowhere = session.rooms.size === 0
    if (isNowhere) rooms.enter(session, rooms.general.name)
    broadcaster.tellOne(session, {
      _tag: "RoomLeft",
      left: left.name,
      current: session.current.name,
      rooms: visibleRooms(session)
    })
    if (isNowhere) come(session, rooms.general, "return")
    return ok
  }

  // The claim may take time. What follows it is one piece, so whoever ends meanwhile is not renamed and gives it back.
  const rename = (session: Session, wanted: string): Effect.Effect<Reply, Rejection> =>
    Effect.flatMap(sessions.claim(wanted, session), (claim) => {
      // What was said meanwhile was said under the old name.
      broadcaster.flush()
      const oldName = session.name
      const name = sessions.rename(session, claim)
      if (Result.isFailure(name)) return Effect.fail(name.failure)
      const event: SharedEvent = { _tag: "UserRenamed", oldName, user: summary(session) }
      broadcaster.tell(companions(session), event, session)
      return Effect.succeed<Reply>({ _tag: "Renamed", name: name.success })
    }).pipe(Effect.uninterruptible)

  const setPrivate = (session: Session, isPrivate: boolean, name: string | undefined): Outcome => {
    const room = roomOf(session, name)
    if (Result.isFailure(room)) return Result.fail(room.failure)
    // Closing a closed room again would shut out those who were invited since.
    if (room.success.isPrivate === isPrivate) return ok
    const set = rooms.setPrivate(room.success, isPrivate)
    if (Result.isFailure(set)) return Result.fail(set.failure)
    history.setPrivate(room.success.key, isPrivate)
    broadcaster.tell(room.success.members, { _tag: "RoomChanged", room: room.success.name, isPrivate }, session)
    return ok
  }

  const invite = (session: Session, name: string, roomName: string | undefined): Outcome => {
    const room = roomOf(session, roomName)
    if (Result.isFailure(room)) return Result.fail(room.failure)
    const guest = sessions.find(name)
    if (guest === undefined) return Result.fail(new NoSuchUser())
    rooms.admit(room.success, guest)
    broadcaster.tellOne(guest, { _tag: "Invited", room: room.success.name, by: session.name })
    return ok
  }

  // Who comes into a crowd by a login, or leaves it by a logout, is told without a list.
  const roster = (room: Room) => (isCrowd(room.members) ? {} : { members: memberNames(room) })

  const begin = (session: Session, turn: Turn): void => {
    const { general } = rooms
    rooms.enter(session, general.name)
    broadcaster.enter(general.members, session)
    const user = summary(session)
    broadcaster.tellOne(session, { _tag: "LoggedIn", user, rooms: visibleRooms(session) })
    const joined = { _tag: "UserJoined", room: general.name, user, ...roster(general), cause: "login" } as const
    broadcaster.tellRoom(general.members, joined, session, turn)
  }

  const logout = (session: Session, room: Room): SharedEvent => ({
    _tag: "UserLeft",
    room: room.name,
    user: summary(session),
    ...roster(room),
    cause: "logout"
  })

  const end = (session: Session, isQuiet: boolean, turn: Turn): boolean => {
    if (!sessions.close(session)) return false
    broadcaster.settle(session)
    const [room, ...others] = session.rooms
    if (room !== undefined && others.length === 0) {
      depart(session, room)
      if (!isQuiet) broadcaster.tellRoom(room.members, logout(session, room), undefined, turn)
      return true
    }
    broadcaster.flush()
    const told = new Set<Session>([session])
    for (const room of Array.from(session.rooms)) {
      depart(session, room)
      // Whoever shares several rooms with the one who leaves hears of it once; those who watch the rooms, for each.
      const witnesses = Array.from(room.members).filter((member) => !told.has(member))
      for (const witness of witnesses) told.add(witness)
      if (!isQuiet) broadcaster.tell(witnesses, logout(session, room), undefined)
    }
    return true
  }

  return {
    /** The room that a command is about: one that the session is in, the current one if it is not named. */
    roomOf,
    /** The room that a question is about: one that the session may know of. */
    roomSeen,
    visibleRooms,
    /** Puts a session that has just been opened into `general`. */
    begin,
    /** Closes a session and takes it out of all its rooms; false if that has been done before. `isQuiet` tells nobody. */
    end,
    join,
    leave,
    rename,
    setPrivate,
    invite
  }
}

/** The part of the chat that knows who is where. */
export type Memberships = ReturnType<typeof make>
