import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { Console } from "../../src/app/Console.ts"
import { ConsoleDoor } from "../../src/app/ConsoleDoor.ts"

const echo: Console = {
  serve: ({ lines, print }) => Stream.runForEach(lines, (line) => Effect.andThen(print(line), print("done")))
}

describe("ConsoleDoor", () => {
  it.effect("lets lines in while it is open, and gives all that was printed", () =>
    Effect.gen(function* () {
      const door = yield* ConsoleDoor
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* door.open(echo)
          assert.deepStrictEqual(yield* door.run(":list"), { answer: ":list\ndone", isCleared: false })
        })
      )
      assert.strictEqual((yield* Effect.flip(door.run(":list")))._tag, "NoConsole")
    }).pipe(Effect.provide(ConsoleDoor.layer))
  )
})
