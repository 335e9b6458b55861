import { it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { chat, connect, serve, until } from "./Simulation.ts"
it.effect("probe", () =>
  Effect.gen(function* () {
    const network = yield* serve(1)
    const options = { window: 2, everybody: 2 }
    const { client: ada } = connect(network, { ...options, name: "ada", address: "192.0.2.1:4000" })
    const { client: bob } = connect(network, { ...options, name: "bob", address: "192.0.2.2:4000" })
    yield* until(network, () => ada.users.size + bob.users.size === 4)
    let file: bigint | undefined
    ada.upload("a", new Uint8Array(600), (it) => {
      file = it
    })
    yield* until(network, () => file !== undefined)
    bob.download(file!)
    yield* until(network, () => bob.downloaded.has(file!))
    console.log("first", bob.errors)
    yield* TestClock.adjust("40 seconds")
    bob.download(file!)
    yield* TestClock.adjust("40 seconds")
    console.log("again", bob.downloaded.has(file!), bob.errors)
  }).pipe(Effect.scoped, Effect.provide(chat(0), { local: true }))
)
