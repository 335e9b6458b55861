/** A user that the embedding program plays itself: a bot, a bridge, a test. */
import { Cause, Effect, Queue, type Scope, Stream } from "effect"
import type { Command, Reply } from "../domain/Command.ts"
import type { Event, Perspective } from "../domain/Event.ts"
import { Hangup } from "../domain/Hangup.ts"
import { embedded } from "../domain/Message.ts"
import type { Rejection } from "../domain/Rejection.ts"
import { Chat } from "./Chat.ts"
import type { Session } from "./Session.ts"

/** What a visitor is told, and as whom. */
export interface Heard {
  readonly event: Event
  readonly as: Perspective
}

export interface Visitor {
  readonly session: Session
  readonly run: (command: Command) => Effect.Effect<Reply, Rejection>
  /** What the visitor is told, from its own `LoggedIn` on. Ends when it is told to go. Meant for one reader. */
  readonly heard: Stream.Stream<Heard>
}

/** How many events wait for a visitor that does not listen; of more, the oldest are lost. */
const waitingLimit = 4096

/** Logs in for as long as the scope lasts. Fails as any login does. */
export const make = Effect.fn("Visitor.make")(function* (
  name: string
): Effect.fn.Return<Visitor, Rejection, Chat | Scope.Scope> {
  const chat = yield* Chat
  const queue = yield* Queue.sliding<Heard, Hangup>(waitingLimit)
  const outlet = {
    deliver: (event: Event, as: Perspective): void => void Queue.offerUnsafe(queue, { event, as }),
    hangUp: (hangup: Hangup): void => void Queue.failCauseUnsafe(queue, Cause.fail(hangup)),
    queuedBytes: () => 0
  }
  const session = yield* Effect.acquireRelease(
    chat.login({ name, protocol: embedded, address: "", outlet }),
    chat.logout
  )
  return {
    session,
    run: (command) => chat.run(session, command),
    heard: Stream.catch(Stream.fromQueue(queue), () => Stream.empty)
  }
})
