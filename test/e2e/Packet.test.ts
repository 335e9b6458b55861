import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Server } from "../../src/mod.ts"
import { Samples } from "../../src/testing/mod.ts"
import * as Clients from "./Clients.ts"
import * as PacketClient from "./PacketClient.ts"
import * as TestServer from "./TestServer.ts"
import * as TossClient from "./TossClient.ts"

const utf8 = new TextEncoder()
const clients = { udp: PacketClient.udp, tcp: PacketClient.tcp }

const urls = Effect.map(Server, ({ addresses }) => {
  const [tcp, udp] = addresses.filter(({ protocol }) => protocol === "packet")
  return { tcp: tcp!.url, udp: udp!.url }
})

const noise = (sizeBytes: number): Uint8Array =>
  Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 31 + (index >> 8) * 7) & 0xff)

describe("packet", () => {
  it.live("listens on UDP and TCP with the same port number", () =>
    Effect.gen(function* () {
      const { tcp, udp } = yield* urls
      assert.strictEqual(new URL(tcp).port, new URL(udp).port)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  for (const [one, other] of [
    ["udp", "udp"],
    ["udp", "tcp"],
    ["tcp", "udp"]
  ] as const) {
    it.live(`${one} and ${other}: log in, know each other, speak to all and to one`, () =>
      Effect.gen(function* () {
        const at = yield* urls
        const ada = yield* clients[one](at[one])
        const bob = yield* clients[other](at[other])
        const { session, user } = yield* ada.login("ada")
        const { session: bobs, user: bobUser } = yield* bob.login("bob")
        yield* ada.send({ _tag: "UsersRequest", session })
        assert.deepStrictEqual((yield* ada.next("UsersResponse")).users, [user, bobUser])
        yield* ada.send({ _tag: "UserDataRequest", session, user: bobUser })
        assert.strictEqual((yield* ada.next("UserDataResponse")).name, "bob")
        for (const [index, { heard, said }] of Samples.texts.entries()) {
          const message = BigInt(index)
          yield* ada.send({ _tag: "BroadcastRequest", session, message, blob: utf8.encode(said) })
          assert.strictEqual((yield* ada.next("BroadcastResponse")).message, message)
          assert.strictEqual(yield* bob.heard, heard)
          yield* bob.send({ _tag: "MessageRequest", session: bobs, user, message, blob: utf8.encode(said) })
          assert.strictEqual((yield* bob.next("MessageResponse")).message, message)
          assert.strictEqual(yield* ada.heard, heard)
        }
      }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
    )
  }

  it.live("shares texts and files with toss, chatmaster and sockets, both ways", () =>
    Effect.gen(function* () {
      const at = yield* urls
      const ada = yield* PacketClient.udp(at.udp)
      const eve = yield* PacketClient.tcp(at.tcp)
      const toss = yield* Effect.flatMap(TestServer.urlOf("toss"), TossClient.original)
      const bob = yield* Clients.chatmaster(yield* TestServer.urlOf("chatmaster"))
      const { session } = yield* ada.login("ada")
      const { session: eves } = yield* eve.login("eve")
      yield* toss.login("carol")
      yield* bob.login("bob")

      yield* ada.send({ _tag: "BroadcastRequest", session, message: 1n, blob: utf8.encode("hello from UDP") })
      assert.strictEqual((yield* toss.from("ada")).message, "hello from UDP")
      assert.strictEqual((yield* bob.takeUntil(({ type }) => type === "message")).data["message"], "hello from UDP")
      assert.strictEqual(yield* eve.heard, "hello from UDP")
      yield* bob.say("hello from chatmaster")
      assert.strictEqual(yield* ada.heard, "hello from chatmaster")
      assert.strictEqual(yield* eve.heard, "hello from chatmaster")

      const content = noise(10_000)
      const file = yield* ada.upload(session, "from packet.bin", content)
      const { attachment } = yield* toss.from("ada")
      assert.strictEqual(attachment?.name, "from packet.bin")
      assert.deepStrictEqual(Buffer.from(attachment!.content), Buffer.from(content))
      const { message } = (yield* bob.takeUntil(({ data }) => data["username"] === "ada")).data
      const [, url = ""] = /: (http\S+)$/.exec(message as string) ?? []
      const fetched = yield* Effect.promise(async () => new Uint8Array(await (await fetch(url)).arrayBuffer()))
      assert.deepStrictEqual(Buffer.from(fetched), Buffer.from(content))
      assert.include(yield* eve.heard, `[file ${file}]`)
      assert.deepStrictEqual(Buffer.from(yield* eve.download(eves, file)), Buffer.from(content))

      const other = noise(70_001)
      yield* toss.say("from toss", { name: "toss.bin", content: other })
      assert.match(yield* ada.heard, /^from toss\ntoss\.bin \(70001 bytes\): http\S+ \[file \d+\]$/)
      yield* ada.send({ _tag: "FilesRequest", session })
      const { files } = yield* ada.next("FilesResponse")
      assert.strictEqual(files.length, 2)
      assert.deepStrictEqual(Buffer.from(yield* ada.download(session, files[1]!)), Buffer.from(other))

      eve.close()
      yield* toss.takeUntil(({ action, data }) => action === "log-out" && data?.username === "eve")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer({ tossGapMillis: 150 })))
  )

  it.live("answers bad packets over TCP, drops them over UDP, and goes on", () =>
    Effect.gen(function* () {
      const at = yield* urls
      const ada = yield* PacketClient.udp(at.udp)
      const bob = yield* PacketClient.tcp(at.tcp)
      for (const junk of ["", "00", "ffff", "0001ffff61", "000b0000", "0001000161ff"]) {
        yield* ada.sendBytes(Buffer.from(junk, "hex"))
      }
      yield* ada.send({ _tag: "UsersRequest", session: 12345n })
      const { session } = yield* ada.login("ada")
      yield* bob.send({ _tag: "UsersRequest", session: 12345n })
      const unknown = yield* bob.next("Error")
      assert.deepStrictEqual([unknown.requestType, unknown.code], [5, 2])
      yield* bob.login("bob")
      yield* bob.send({ _tag: "SessionRequest", name: "ADA" })
      assert.strictEqual((yield* bob.next("Error")).code, 3)
      yield* ada.send({ _tag: "MessageRequest", session, user: 99n, message: 1n, blob: utf8.encode("hi") })
      const nobody = yield* ada.next("Error")
      assert.deepStrictEqual([nobody.requestType, nobody.code], [9, 5])
      yield* bob.sendBytes(Buffer.from("ffff", "hex"))
      assert.strictEqual((yield* bob.next("Error")).code, 1)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )
})
