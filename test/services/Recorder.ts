/** Users of the chat that write down what they are told. */
import { Effect, Layer } from "effect"
import type { Command, Reply } from "../../src/domain/Command.ts"
import { type Event, isPersonal } from "../../src/domain/Event.ts"
import { ProtocolName } from "../../src/domain/Message.ts"
import type { Rejection } from "../../src/domain/Rejection.ts"
import { Chat } from "../../src/services/Chat.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import type { Session } from "../../src/services/Session.ts"

export interface User {
  readonly session: Session
  readonly run: (command: Command) => Effect.Effect<Reply, Rejection>
  /** The tag under which a command is refused. */
  readonly refused: (command: Command) => Effect.Effect<string>
  /** `*` marks what it did itself. What it was told since this was last called: a line per event, but for its own messages. */
  readonly told: () => ReadonlyArray<string>
}

const line = (event: Event): string => {
  switch (event._tag) {
    case "UserJoined":
      return `${event.user.name} in ${event.room} (${event.cause}) with ${event.members?.join(",")}`
    case "UserLeft":
      return `${event.user.name} out of ${event.room} (${event.cause}) without ${event.members?.join(",")}`
    case "UserRenamed":
      return `${event.oldName} is ${event.user.name}`
    case "Said":
      return `${event.message.from} to ${event.message.room ?? event.message.to}: ${event.message.text}`
    case "RoomChanged":
      return `${event.room} is ${event.isPrivate ? "private" : "public"}`
    case "Announced":
    case "Noticed":
      return `Server: ${event.text}`
    case "ServerStopping":
      return "stopping"
    case "LoggedIn":
      return `logged in: ${event.rooms.map((room) => room.name).join(",")}`
    case "RoomLeft":
      return `left ${event.left} for ${event.current}: ${event.rooms.map((room) => room.name).join(",")}`
    case "Invited":
      return `invited to ${event.room} by ${event.by}`
  }
}

export const login = Effect.fnUntraced(function* (name: string): Effect.fn.Return<User, Rejection, Chat> {
  const chat = yield* Chat
  let lines: Array<string> = []
  const session = yield* chat.login({
    name,
    protocol: ProtocolName.make("embedded"),
    address: "",
    outlet: {
      deliver: (event, as) => {
        const isOwn = event._tag === "Said" && as === "actor"
        if (!isOwn) lines.push(isPersonal(event) || as === "witness" ? line(event) : `* ${line(event)}`)
      },
      hangUp: () => {},
      queuedBytes: () => 0
    }
  })
  const run = (command: Command) => chat.run(session, command)
  return {
    session,
    run,
    refused: (command) =>
      Effect.match(run(command), { onFailure: ({ _tag }) => _tag, onSuccess: ({ _tag }) => `not refused: ${_tag}` }),
    told: () => {
      const told = lines
      lines = []
      return told
    }
  }
})

/** A chat without a limit to how fast messages come. */
export const layer = (limits?: Partial<Limits>) =>
  Chat.layer.pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0, ...limits })))

/** Three users in `general`, who have been told nothing yet. */
export const trio = Effect.gen(function* () {
  const alice = yield* login("alice")
  const bob = yield* login("bob")
  const carol = yield* login("carol")
  for (const user of [alice, bob, carol]) user.told()
  return { alice, bob, carol }
})

export const join = (room: string, stay = false): Command => ({ _tag: "JoinRoom", room, stay })
export const say = (text: string, room?: string): Command => ({
  _tag: "Say",
  text,
  ...(room === undefined ? {} : { room })
})
