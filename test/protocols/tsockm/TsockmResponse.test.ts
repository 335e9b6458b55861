import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as TsockmPacket from "../../../src/protocols/tsockm/TsockmPacket.ts"
import * as TsockmResponse from "../../../src/protocols/tsockm/TsockmResponse.ts"
import { captured, seeded, textOf } from "./Wire.ts"

const server = "127.0.0.1:7303"
const eight = (port: number): TsockmResponse.Ends => ({ generation: 8, server, client: `127.0.0.1:${port}` })
const seven = (port: number): TsockmResponse.Ends => ({ ...eight(port), generation: 7 })
const text = (packet: TsockmPacket.Packet, generation: TsockmPacket.Generation) =>
  Buffer.from(TsockmPacket.encode(packet, generation)).toString()

const alice = { id: "Xe1sHMtobgPU938cbiwADRPRL4qy7FND", address: "127.0.0.1:47800" }
const seedAlice = { id: "QZ5pWrO072IPAIpZ35p1aogG4eoMOhOorU7x", address: "127.0.0.1:54748" }
const refused = { action: "NONE", status: 400, text: "BAD_REQUEST" } as const

/** The one packet of a short text. */
const message = (generation: TsockmPacket.Generation, author: TsockmResponse.Author, to: string, body: string) => {
  const frames = TsockmResponse.said(generation, author, to, body)
  assert.lengthOf(frames, 1)
  return Buffer.from(frames[0]!).toString()
}

const said: Readonly<Record<string, ReadonlyArray<string>>> = {
  "0.4.5": [
    text(TsockmResponse.welcome(eight(47800), alice.id, "alice", "BRvTK8sF"), 8),
    message(8, alice, "127.0.0.1:47806", "hello all"),
    text(TsockmResponse.acknowledgement(alice), 8),
    text(TsockmResponse.peer(eight(47806), "alice", "BRvTK8sF"), 8),
    text(TsockmResponse.peerNotFound(eight(47806)), 8),
    text(TsockmResponse.end(eight(47806), "RES"), 8),
    text(TsockmResponse.end(eight(47820), "REQ"), 8),
    text(TsockmResponse.failure(eight(47870), refused), 8)
  ],
  seed: [
    message(7, seedAlice, "127.0.0.1:54764", "hello bob"),
    text(TsockmResponse.end(seven(1), "RES"), 7),
    text(TsockmResponse.failure(seven(54828), refused), 7)
  ],
  "0.1.0": [text(TsockmResponse.end(seven(1), "REQ"), 7)]
}

describe("TsockmResponse", () => {
  for (const [version, texts] of Object.entries(said)) {
    it(`TsockmResponse writes what the original server ${version} has written`, () => {
      const written = captured.filter((packet) => packet.version === version && !packet.isFromClient)
      for (const packet of texts)
        assert.include(
          written.map((packet) => packet.text),
          packet
        )
    })
  }

  it("TsockmResponse writes to 7 fields what serves all of their clients", () => {
    const ends = seven(37566)
    assert.deepStrictEqual(
      [
        TsockmResponse.welcome(ends, "ID", "al|ice", "SIG"),
        TsockmResponse.peer(ends, "a::b", "SIG"),
        TsockmResponse.peerNotFound(ends),
        TsockmResponse.gone(ends, alice),
        TsockmResponse.check(ends)
      ].map((packet) => text(packet, 7)),
      [
        "RES::COMM::200::server::server::127.0.0.1:37566::ID|al｜ice#SIG",
        "RES::GET_PEER::200::server::server::127.0.0.1:37566::a：：b#SIG",
        "RES::GET_PEER::200::server::server::127.0.0.1:37566::unknown#0",
        `REQ::NTFY_KILL::200::server::server::client::${alice.id}`,
        "REQ::COMM::200::server::server::127.0.0.1:37566::check?"
      ]
    )
    assert.strictEqual(
      text(TsockmResponse.gone(eight(1), alice), 8),
      `REQ::NTFY_KILL::200::SERVER::::${server}::${alice.address}::${alice.id}`
    )
  })

  it("TsockmPacket.encode() writes every packet of the original servers back as it was", () => {
    for (const { isFromClient, text: packet } of captured) {
      if (isFromClient) continue
      const { action, generation, sender, status, type, ...others } = TsockmPacket.fields(packet)
      const isOwn = sender === (generation === 8 ? "" : "server")
      const read = Schema.decodeUnknownSync(
        Schema.Struct({ type: TsockmPacket.PacketType, action: TsockmPacket.Action, status: TsockmPacket.Status })
      )({ type, action, status: Number(status) })
      assert.strictEqual(text({ ...others, ...read, ...(!isOwn && { sender }) }, generation), packet)
    }
  })

  it("TsockmResponse.said() round-trips any text in packets that clients can read", () => {
    const random = seeded(11)
    for (let round = 0; round < 1000; round++) {
      const generation = random(2) === 0 ? 7 : 8
      const author = { id: "I".repeat(1 + random(36)), address: random(2) === 0 ? "client" : "127.0.0.1:65535" }
      const body = textOf(random, 1000)
      const fields = TsockmResponse.said(generation, author, "client", body).map((encoded) => {
        assert.isAtMost(encoded.length, 1000)
        return TsockmPacket.fields(Buffer.from(encoded).toString())
      })
      for (const { destination, sender, source, ...field } of fields) {
        assert.deepStrictEqual(
          [field.generation, sender, source, destination],
          [generation, author.id, author.address, "client"]
        )
      }
      assert.strictEqual(fields.map((field) => field.body).join(""), body)
    }
  })
})
