/** Outlets and sessions for tests of the services below the chat. */
import { Effect } from "effect"
import type { Event, Perspective } from "../../src/domain/Event.ts"
import { ProtocolName } from "../../src/domain/Message.ts"
import type { Rejection } from "../../src/domain/Rejection.ts"
import type { Room } from "../../src/services/Room.ts"
import { Rooms } from "../../src/services/Rooms.ts"
import type { Outlet, Session } from "../../src/services/Session.ts"
import { type Opening, Sessions } from "../../src/services/Sessions.ts"

/** An outlet that keeps what it is told. */
export interface Kept extends Outlet {
  readonly kept: ReadonlyArray<readonly [event: Event, as: Perspective]>
}

export const outlet = (): Kept => {
  const kept: Array<readonly [Event, Perspective]> = []
  return { kept, deliver: (event, as) => void kept.push([event, as]), hangUp: () => {}, queuedBytes: () => 0 }
}

/** How a session begins. */
export const opening = (room: Room): Opening => ({
  protocol: ProtocolName.make("toss"),
  address: "192.0.2.1",
  outlet: outlet(),
  atMillis: 7,
  room
})

/** Opens a session of that name, as a login does. */
export const open = Effect.fnUntraced(function* (name: string): Effect.fn.Return<Session, Rejection, Sessions | Rooms> {
  const sessions = yield* Sessions
  const { general } = yield* Rooms
  const claim = yield* sessions.claim(name)
  return yield* Effect.fromResult(sessions.open(claim, opening(general)))
})
