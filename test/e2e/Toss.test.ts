import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect } from "node:net"
import { Samples } from "../../src/testing/mod.ts"
import * as Toss from "../protocols/toss/Client.ts"
import * as Clients from "./Clients.ts"
import * as TestServer from "./TestServer.ts"
import * as TossClient from "./TossClient.ts"

// Here client and server share an event loop, which may stall longer than a client's own would.
const server = TestServer.layer({ tossGapMillis: 150 })

const original = Effect.flatMap(TestServer.urlOf("toss"), TossClient.original)

const enter = Effect.fnUntraced(function* (name: string) {
  const client = yield* original
  const welcome = yield* client.login(name)
  assert.deepStrictEqual([welcome.action, welcome.status, Object.keys(welcome.data!)], ["log-in", 100, ["time"]])
  return client
})

/** Bytes that are neither text nor compressible, the same for the same seed. */
const noise = (sizeBytes: number, seed = 1): Uint8Array => {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4))
  let state = seed
  for (let at = 0; at < words.length; at++) words[at] = state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return new Uint8Array(words.buffer, 0, sizeBytes)
}

const isEqual = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

describe("toss", () => {
  it.live("originals see each other come, speak and leave, and a sender its own message", () =>
    Effect.gen(function* () {
      const alice = yield* enter("alice")
      const bob = yield* enter("bob")
      assert.strictEqual((yield* alice.take).data?.username, "bob")
      for (const { heard, said } of Samples.texts) {
        yield* alice.say(said)
        const [own, others] = [yield* alice.from("alice"), yield* bob.from("alice")]
        assert.deepStrictEqual([own.message, others.message, own.time], [heard, heard, others.time])
      }
      bob.socket.end()
      const left = yield* alice.takeUntil(({ action }) => action === "log-out")
      assert.strictEqual(left.data?.username, "bob")
      assert.strictEqual(alice.state(), "alive")
    }).pipe(Effect.scoped, Effect.provide(server))
  )

  it.live("two originals that speak at once miss nothing and stay alive", () =>
    Effect.gen(function* () {
      const alice = yield* enter("alice")
      const bob = yield* enter("bob")
      const texts = Array.from({ length: 8 }, (_, index) => `message ${index}`)
      const speak = (client: TossClient.TossClient, pauseMillis: number) =>
        Effect.forEach(texts, (text) => Effect.andThen(client.say(text), Effect.sleep(pauseMillis)))
      yield* Effect.all([speak(alice, 20), speak(bob, 33)], { concurrency: "unbounded" })
      for (const client of [alice, bob]) {
        const heard = new Map<string, Array<string>>([
          ["alice", []],
          ["bob", []]
        ])
        while (heard.get("alice")!.length + heard.get("bob")!.length < 2 * texts.length) {
          const { data } = yield* client.takeUntil(({ action }) => action === "send-message")
          heard.get(data!.username!)!.push(data!.message!)
        }
        assert.deepStrictEqual(Object.fromEntries(heard), { alice: texts, bob: texts })
        assert.strictEqual(client.state(), "alive")
      }
    }).pipe(Effect.scoped, Effect.provide(server))
  )

  it.live("refuses a name in use and takes another on the same connection", () =>
    Effect.gen(function* () {
      const alice = yield* enter("alice")
      const bob = yield* original
      const refused = yield* bob.login("ALICE")
      assert.deepStrictEqual(refused.data?.errors, { username: ["User with username ALICE already exists"] })
      assert.strictEqual((yield* bob.login("bob")).status, 100)
      assert.strictEqual((yield* bob.login("robert")).status, 100)
      const moves: Array<string> = []
      while (moves.length < 3) {
        const { action, data } = yield* alice.take
        moves.push(`${action} ${data?.username}`)
      }
      assert.deepStrictEqual(moves, ["log-in bob", "log-out bob", "log-in robert"])
    }).pipe(Effect.scoped, Effect.provide(server))
  )

  it.live("relays files of every size around the edges of reads and segments, byte for byte", () =>
    Effect.gen(function* () {
      const alice = yield* enter("alice")
      const bob = yield* enter("bob")
      for (const size of [0, 1, 1300, 1500, 65_400, 65_536, 66_000, 300_000]) {
        const content = noise(size, size + 1)
        yield* alice.say("look", { name: `${size}.bin`, content })
        for (const client of [alice, bob]) {
          const { attachment } = yield* client.from("alice")
          assert.strictEqual(attachment?.name, `${size}.bin`)
          assert.isTrue(isEqual(attachment!.content, content), `${size} bytes`)
        }
      }
      assert.deepStrictEqual([alice.state(), bob.state()], ["alive", "alive"])
    }).pipe(Effect.scoped, Effect.provide(server))
  )

  it.live("relays 1.5 MB between originals while others speak", () =>
    Effect.gen(function* () {
      const [alice, bob, carol] = [yield* enter("alice"), yield* enter("bob"), yield* enter("carol")]
      const content = noise(1_500_000)
      yield* alice.say("", { name: "large.bin", content })
      for (let count = 0; count < 5; count++) yield* carol.say(`in between ${count}`)
      for (const client of [alice, bob]) {
        const { attachment } = yield* client.from("alice")
        assert.isTrue(isEqual(attachment!.content, content))
      }
      const { message } = yield* Effect.repeat(bob.from("carol"), {
        until: ({ message }) => message === "in between 4"
      })
      assert.strictEqual(message, "in between 4")
      assert.deepStrictEqual([alice.state(), bob.state(), carol.state()], ["alive", "alive", "alive"])
    }).pipe(Effect.scoped, Effect.provide(server))
  )

  it.live("shares text and files with chatmaster and sockets, which get a link", () =>
    Effect.gen(function* () {
      const alice = yield* enter("alice")
      const bob = yield* Clients.chatmaster(yield* TestServer.urlOf("chatmaster"))
      yield* bob.login("bob")
      const carol = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
      yield* carol.ask("register", "carol")
      for (const name of ["bob", "carol"]) {
        const { data } = yield* alice.takeUntil(({ action }) => action === "log-in")
        assert.strictEqual(data?.username, name)
      }
      yield* bob.say("hello from chatmaster")
      assert.strictEqual((yield* alice.from("bob")).message, "hello from chatmaster")
      yield* carol.emit("message", { from: "carol", message: "hello from sockets" })
      assert.strictEqual((yield* alice.from("carol")).message, "hello from sockets")

      const content = noise(10_000)
      yield* alice.say("look at this", { name: "../a photo.png", content })
      const { data } = yield* bob.takeUntil(({ type }) => type === "message")
      const { message } = yield* bob
        .takeUntil(({ data }) => data["username"] === "alice")
        .pipe(Effect.map(({ data }) => data as { readonly message: string }))
      assert.strictEqual(data["username"], "carol")
      const [, url = ""] = /^look at this\na photo\.png \(10000 bytes\): (\S+)$/.exec(message) ?? []
      assert.include(yield* carol.from("alice"), url)
      const note = yield* carol.takeUntil(({ name }) => name === "file")
      assert.deepStrictEqual((note.args[0] as { readonly url: string }).url, url)
      const response = yield* Effect.promise(() => fetch(url))
      assert.strictEqual(response.status, 200)
      assert.include(response.headers.get("content-disposition"), "attachment")
      const fetched = new Uint8Array(yield* Effect.promise(() => response.arrayBuffer()))
      assert.isTrue(isEqual(fetched, content))
      const range = yield* Effect.promise(() => fetch(url, { headers: { range: "bytes=10-19" } }))
      assert.strictEqual(range.status, 206)
      const part = new Uint8Array(yield* Effect.promise(() => range.arrayBuffer()))
      assert.isTrue(isEqual(part, content.subarray(10, 20)))
      alice.socket.end()
      assert.include(yield* carol.from("Server"), "alice left")
    }).pipe(Effect.scoped, Effect.provide(server))
  )

  it.live("answers requests that nothing announces, split or glued, and closes nothing on errors", () =>
    Effect.gen(function* () {
      const { hostname, port } = new URL(yield* TestServer.urlOf("toss"))
      const reader = Toss.reader()
      const heard: Array<Toss.Response> = []
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => connect(Number(port), hostname)),
        (socket) => Effect.sync(() => socket.destroy())
      )
      socket.on("data", (bytes: Uint8Array) => heard.push(...reader.push(bytes)))
      const until = (isIt: (response: Toss.Response) => boolean) =>
        Effect.callback<Toss.Response>((resume) => {
          const look = () => {
            const at = heard.findIndex(isIt)
            if (at < 0) return
            socket.off("data", look)
            resume(Effect.succeed(heard.splice(0, at + 1).at(-1)!))
          }
          socket.on("data", look)
          look()
        }).pipe(Effect.timeout("10 seconds"), Effect.orDie)
      socket.write("hello\n")
      assert.strictEqual((yield* until(({ status }) => status === 201)).data?.errors?.["_err"]?.length, 1)
      socket.write("action|l12|send-message;data|s14|message|l2|hi;;")
      assert.isDefined((yield* until(({ status }) => status === 200)).data?.errors?.["username"])
      socket.write(Toss.logIn("alice"))
      yield* until(({ action, status }) => action === "log-in" && status === 100)
      socket.write(Buffer.concat(["one", "two", "three"].map((text) => Toss.message(text))))
      for (const text of ["one", "two", "three"]) {
        assert.strictEqual((yield* until(({ action }) => action === "send-message")).data?.message, text)
      }
      const request = Toss.message("slowly")
      socket.write(request.subarray(0, 20))
      yield* Effect.sleep("50 millis")
      socket.write(request.subarray(20))
      assert.strictEqual((yield* until(({ action }) => action === "send-message")).data?.message, "slowly")
    }).pipe(Effect.scoped, Effect.provide(server))
  )
})
