/** Whatever names somebody by a text that is far too long costs nothing, and is refused. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Command } from "../../src/domain/Command.ts"
import { Chat } from "../../src/services/Chat.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Operator } from "../../src/services/Operator.ts"
import { Quota } from "../../src/services/Quota.ts"
import * as Normalised from "../domain/Normalised.ts"
import { login } from "./Recorder.ts"

const name = Normalised.endless
// A text of a message has a limit of its own.
const inText = Normalised.hostile(16_000)

const commands: ReadonlyArray<readonly [Command, refusal: string]> = [
  [{ _tag: "Rename", name }, "NameInvalid"],
  [{ _tag: "JoinRoom", room: name }, "NameInvalid"],
  [{ _tag: "JoinRoom", room: name, stay: true }, "NameInvalid"],
  [{ _tag: "LeaveRoom", room: name }, "NotInRoom"],
  [{ _tag: "Say", text: "hello", room: name }, "NotInRoom"],
  [{ _tag: "Tell", to: name, text: "hello" }, "NoSuchUser"],
  [{ _tag: "Invite", name }, "NoSuchUser"],
  [{ _tag: "Invite", name: "alice", room: name }, "NotInRoom"],
  [{ _tag: "SetPrivate", isPrivate: true, room: name }, "NotInRoom"],
  [{ _tag: "ListUsers", room: name }, "NotInRoom"],
  [{ _tag: "ReadHistory", room: name }, "NotInRoom"]
]

const layer = Operator.layer.pipe(
  Layer.provideMerge(Layer.merge(Chat.layer, Quota.layer)),
  Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0 }))
)

const test = <E>(title: string, use: Effect.Effect<void, E, Layer.Success<typeof layer>>) =>
  it.effect(title, () => {
    const work = Normalised.count()
    return use.pipe(
      Effect.andThen(Effect.sync(() => assert.isBelow(work.units(), 10_000))),
      Effect.ensuring(Effect.sync(work.restore)),
      Effect.provide(layer)
    )
  })

describe("a name that is too long", () => {
  for (const [command, refusal] of commands) {
    test(
      `of a ${command._tag} with ${Object.keys(command).slice(1).join()} is looked at no further`,
      Effect.gen(function* () {
        const alice = yield* login("alice")
        assert.strictEqual(yield* alice.refused(command), refusal)
      })
    )
  }

  for (const text of [`/join ${inText}`, `/msg ${inText} hello`, `/msg "${inText}" hello`, `/invite ${inText}`]) {
    test(
      `in ${text.slice(0, 10)} is looked at no further`,
      Effect.gen(function* () {
        const alice = yield* login("alice")
        yield* Effect.exit(alice.run({ _tag: "Say", text }))
        assert.deepStrictEqual(
          Array.from(alice.session.rooms, (room) => String(room.name)),
          ["general"]
        )
      })
    )
  }

  test(
    "of a login or of an operator is looked at no further",
    Effect.gen(function* () {
      const { kill } = yield* Operator
      assert.strictEqual((yield* Effect.flip(login(name)))._tag, "NameInvalid")
      assert.strictEqual((yield* Effect.flip(kill({ _tag: "One", peer: name })))._tag, "PeerUnknown")
    })
  )
})
