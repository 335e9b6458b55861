/** Scripted clients of all protocols, each with each. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, type Scope } from "effect"
import { Clients, type Deadline, Peer } from "../../src/testing/mod.ts"
import { Connections } from "../../src/transports/Connections.ts"

type Connect = Effect.Effect<Clients.Speaker, never, Peer.Provided | Scope.Scope>

const clients: Readonly<Record<string, Connect>> = {
  chatmaster: Clients.chatmaster.connect,
  packet: Clients.packet.connect,
  sockets: Clients.sockets.connect,
  toss: Clients.toss.connect,
  tsockm: Clients.tsockm.connect
}

const enter = Effect.fnUntraced(function* (protocol: string, name: string) {
  const client = yield* clients[protocol]!
  yield* client.login(name)
  return client
})

const content = Uint8Array.from({ length: 1000 }, (_, index) => index % 251)

describe("Clients", () => {
  for (const protocol of Object.keys(clients)) {
    it.effect(`of ${protocol} log in, speak, hear, move and leave`, () =>
      Effect.gen(function* () {
        const alice = yield* enter(protocol, "alice")
        const bob = yield* enter(protocol, "bob")
        yield* alice.say("hello")
        yield* alice.say("are you there?")
        assert.deepStrictEqual(yield* bob.hear(), { from: "alice", text: "hello" })
        assert.deepStrictEqual(yield* bob.hear("alice"), { from: "alice", text: "are you there?" })
        yield* alice.join("attic")
        yield* bob.join("attic")
        yield* bob.say("up here")
        assert.deepStrictEqual(yield* alice.hear("bob"), { from: "bob", text: "up here" })
        yield* alice.leave
        yield* enter(protocol, "alice")
      }).pipe(Effect.provide(Peer.layer()))
    )

    it.effect(`of ${protocol} are told that a name is taken, and say what they waited for in vain`, () =>
      Effect.gen(function* () {
        yield* enter(protocol, "alice")
        const second = yield* clients[protocol]!
        assert.strictEqual((yield* Effect.flip(second.login("Alice")))._tag, "Refused")
        const bob = yield* enter(protocol, "bob")
        const beganMillis = yield* Clock.currentTimeMillis
        const { _tag, message } = yield* Effect.flip(bob.hear("alice"))
        assert.strictEqual(_tag, "NothingCame" satisfies Deadline.NothingCame["_tag"])
        assert.match(message, new RegExp(`^a message of alice, for which a client of ${protocol} waited`))
        assert.strictEqual((yield* Clock.currentTimeMillis) - beganMillis, 10_000)
      }).pipe(Effect.provide(Peer.layer()))
    )

    it.effect(`of ${protocol} hear all others, and fetch what they send`, () =>
      Effect.gen(function* () {
        const alice = yield* enter(protocol, "alice")
        for (const other of Object.keys(clients)) {
          const bob = yield* enter(other, `${other} bob`)
          yield* bob.say(`hello from ${other}`)
          assert.strictEqual((yield* alice.hear(`${other} bob`)).text, `hello from ${other}`)
          if (bob.sendFile === undefined) continue
          yield* bob.sendFile(`${other}.bin`, content)
          assert.deepStrictEqual(yield* alice.fetchFile(`${other}.bin`), content)
        }
      }).pipe(Effect.provide(Peer.layer()))
    )
  }

  it.effect("say that the connection has ended for which they wait, and what came before", () =>
    Effect.gen(function* () {
      const alice = yield* Clients.chatmaster.enter("alice")
      const { stop } = yield* Connections
      yield* Effect.forkScoped(stop)
      const { message } = yield* Effect.flip(alice.hear("bob"))
      assert.match(message, /^the connection ended before a message of bob, for which a client of chatmaster waited/)
      assert.include(message, "The server is stopping")
    }).pipe(Effect.provide(Peer.layer()))
  )
})
