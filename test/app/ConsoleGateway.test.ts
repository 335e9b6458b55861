import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { Console } from "../../src/app/Console.ts"
import { ConsoleGateway } from "../../src/app/ConsoleGateway.ts"

const echo: Console = {
  serve: ({ lines, print }) => Stream.runForEach(lines, (line) => Effect.andThen(print(line), print("done")))
}

describe("ConsoleGateway", () => {
  it.effect("lets lines in while it is open, and gives all that was printed", () =>
    Effect.gen(function* () {
      const gateway = yield* ConsoleGateway
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* gateway.open(echo)
          assert.deepStrictEqual(yield* gateway.run(":list"), { answer: ":list\ndone", isCleared: false })
        })
      )
      assert.strictEqual((yield* Effect.flip(gateway.run(":list")))._tag, "NoConsole")
    }).pipe(Effect.provide(ConsoleGateway.layer))
  )
})
