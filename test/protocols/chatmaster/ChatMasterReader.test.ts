import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { deflateSync, gzipSync } from "node:zlib"
import * as ChatMasterPacket from "../../../src/protocols/chatmaster/ChatMasterPacket.ts"
import * as ChatMasterReader from "../../../src/protocols/chatmaster/ChatMasterReader.ts"
import * as ChatMasterProtocol from "../../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import type { Container } from "../../../src/protocols/chatmaster/Compression.ts"
import * as Reader from "../../../src/protocols/Reader.ts"
import { cut } from "../Cut.ts"
import { bytes, glue, originals } from "./Wire.ts"

/** What the text of a package is decoded as; of what is none of a client only what kind it is. */
const decode = (value: unknown): unknown => {
  const text = typeof value === "string" ? value : JSON.stringify(value)
  const packet = ChatMasterReader.decode({ text, container: 0, isSpaced: true })
  if (packet._tag === "Misshapen" || packet._tag === "Unreadable") return packet._tag
  const { container, isSpaced, ...rest } = packet
  assert.deepStrictEqual([container, isSpaced], [0, true])
  return rest
}

/** What comes of these reads, all by one reader. */
const read = (
  reads: ReadonlyArray<Uint8Array>,
  reader = ChatMasterReader.make()
): ReadonlyArray<ChatMasterPacket.Received> => reads.flatMap(reader.read)

const plain = { container: 0, isSpaced: true } as const
const said = (text: string, container: Container = 0): ChatMasterPacket.Received => ({
  _tag: "Message",
  text,
  hasUsername: false,
  container,
  isSpaced: true
})
const asked = (command: string, parameters: ChatMasterPacket.Parameters = {}): ChatMasterPacket.Received => ({
  _tag: "Command",
  command,
  parameters,
  hasParameters: true,
  ...plain
})

/** What each of {@link originals} brings. */
const packets: ReadonlyArray<ReadonlyArray<ChatMasterPacket.Received>> = [
  [asked("login", { username: "alice" })],
  [asked("login", { username: "alice" })],
  [said("lobby hello")],
  [said(`hi åäö € "q"`)],
  [asked("channel_list")],
  [asked("join", { channel: "room1" })],
  [asked("rename", { username: "alicia" })],
  [asked("private")],
  [asked("public")],
  [asked("leave")],
  [said("one"), said("two"), said("three")]
]
const whole = bytes(originals.map(({ sent }) => sent).join(""))
const sizes = [1, 2, 3, 7, 64, whole.length]

const Said = Schema.optionalKey(Schema.Union([Schema.String, Schema.Json]))

describe("ChatMasterReader", () => {
  it("ChatMasterReader.read() reads what the original sends, however it is cut", () => {
    assert.lengthOf(packets, originals.length)
    for (const [index, { sent }] of originals.entries()) {
      for (let at = 0; at <= sent.length; at++) {
        assert.deepStrictEqual(read([bytes(sent.slice(0, at)), bytes(sent.slice(at))]), packets[index])
      }
    }
    for (const size of sizes) assert.deepStrictEqual(read(cut(whole, size)), packets.flat())
  })

  it.effect("ChatMasterProtocol.reader() makes a stream of packages of a stream of bytes", () =>
    Effect.gen(function* () {
      const { reader } = ChatMasterProtocol.make()
      const sent = glue(whole, deflateSync(whole))
      const compressed = packets.flat().map((packet) => Object.assign({}, packet, { container: 1 }))
      for (const size of [1, 64, sent.length]) {
        const came = yield* Stream.runCollect(Reader.packets(reader())(Stream.fromIterable(cut(sent, size))))
        assert.deepStrictEqual(came, [...packets.flat(), ...compressed])
      }
    })
  )

  it("ChatMasterReader.read() tells how a package was written", () => {
    const one = `{"type": "message", "data": {"message": "a"}}`
    const written = (text: string, container: Container, isSpaced: boolean) => ({
      ...said(text, container),
      isSpaced
    })
    const sent = glue(
      bytes(one),
      deflateSync(one),
      gzipSync(one),
      bytes(`{"type":"message","data":{"message":"b"}}`),
      deflateSync(`{"type":"message", "data":{"message":"b"}}`)
    )
    for (const size of sizes) {
      assert.deepStrictEqual(read(cut(sent, size)), [
        written("a", 0, true),
        written("a", 1, true),
        written("a", 2, true),
        written("b", 0, false),
        written("b", 1, false)
      ])
    }
    const misshapen = "A package has a type and data."
    assert.deepStrictEqual(read([gzipSync(`{"a":1}`)]), [
      { _tag: "Misshapen", detail: misshapen, container: 2, isSpaced: false }
    ])
  })

  it("ChatMasterReader.read() reads on behind what has another shape", () => {
    const sent = bytes(`{"type": "dance"}{}{"type": "message", "data": {"message": "hi"}}`)
    for (const size of sizes) {
      assert.deepStrictEqual(read(cut(sent, size)), [
        { _tag: "Misshapen", detail: "A client sends packages of type message and command.", ...plain },
        { _tag: "Misshapen", detail: "A package has a type and data.", ...plain },
        said("hi")
      ])
    }
  })

  it("ChatMasterReader.read() reads nothing behind what cannot be read", () => {
    const notJson: ChatMasterPacket.Received = {
      _tag: "Unreadable",
      reason: "malformed",
      detail: "Cannot read package: it is not JSON.",
      container: 0
    }
    const noBrace: ChatMasterPacket.Received = {
      ...notJson,
      detail: "Cannot read package: it does not begin with a brace.",
      container: undefined
    }
    for (const [text, unreadable] of [
      ["{foo}", notJson],
      ["[]", noBrace]
    ] as const) {
      const sent = glue(whole, bytes(text), whole)
      for (const size of [...sizes, sent.length]) {
        const reader = ChatMasterReader.make()
        assert.deepStrictEqual(read(cut(sent, size), reader), [...packets.flat(), unreadable])
        assert.deepStrictEqual(read([whole], reader), [])
      }
    }
    assert.deepStrictEqual(read([deflateSync("{foo}{}")]), [{ ...notJson, container: 1 }])
  })

  it("ChatMasterReader.read() enforces its limits while it reads", () => {
    const limits = { limitBytes: 100, inflatedLimitBytes: 200, depthLimit: 3, valueLimit: 10_000 }
    const package_ = (text: string) => `{"type": "message", "data": {"message": "${text}"}}`
    const fits = package_("x".repeat(100 - package_("").length))
    const outcome = (sent: Uint8Array, size: number) =>
      read(cut(sent, size), ChatMasterReader.make(limits)).map((packet) =>
        packet._tag === "Unreadable" ? packet.reason : packet._tag
      )
    for (const size of [1, 7, 1000]) {
      assert.deepStrictEqual(outcome(bytes(fits + fits), size), ["Message", "Message"])
      assert.deepStrictEqual(outcome(bytes(fits + package_("y".repeat(100))), size), ["Message", "too-large"])
      assert.deepStrictEqual(outcome(deflateSync(fits + " ".repeat(101) + fits), size), ["Message", "too-large"])
      assert.deepStrictEqual(outcome(bytes(fits + `{"a": [[[]]]}`), size), ["Message", "malformed"])
    }
    assert.deepStrictEqual(read([bytes("{".repeat(33))])[0]?._tag, "Unreadable")
  })

  it("ChatMasterReader.make() has no end by silence, for no package waits for that", () => {
    const reader = ChatMasterReader.make()
    for (const piece of cut(bytes(originals[0]!.sent), 10)) {
      assert.isUndefined(reader.readTimeoutMillis)
      reader.read(piece)
    }
    reader.read(bytes(`{"type"`))
    assert.isUndefined(reader.readTimeoutMillis)
    assert.isUndefined(reader.finish)
  })

  const Mutation = Schema.Struct({ at: Schema.Int, to: Schema.Int, size: Schema.Int })
  it.prop(
    "ChatMasterReader.read() takes any bytes, and cuts make no difference",
    [Schema.Array(Mutation), Schema.Array(Schema.Int)],
    ([mutations, numbers]) => {
      const mutant = glue(whole, deflateSync(whole), Uint8Array.from(numbers), bytes("{}"))
      for (const { at, to } of mutations) mutant[Math.abs(at * 7919) % mutant.length] = to
      const expected = read([mutant])
      const end = expected.findIndex(({ _tag }) => _tag === "Unreadable")
      assert.isTrue(end === -1 || end === expected.length - 1)
      const size = 1 + (Math.abs(mutations[0]?.size ?? 0) % 40)
      const pieces = read(cut(mutant, size))
      // How much a damaged stream gives before it is found to be damaged depends on how much of it is there.
      if (end === -1) return assert.deepStrictEqual(pieces, expected)
      const count = Math.min(pieces.length - 1, end)
      assert.deepStrictEqual(pieces.slice(0, count), expected.slice(0, count))
      assert.strictEqual(pieces.at(-1)?._tag, "Unreadable")
    },
    { arbitrary: { runs: 500 } }
  )

  it("ChatMasterReader.decode() takes the type in any letter case", () => {
    for (const type of ["message", "MESSAGE", "Message"]) {
      assert.deepStrictEqual(decode({ type, data: { message: "hi" } }), {
        _tag: "Message",
        text: "hi",
        hasUsername: false
      })
    }
  })

  it.prop(
    "ChatMasterReader.decode() takes a message alike in any letter case",
    [Schema.Union([Schema.Json, Schema.Struct({ message: Said, username: Said, more: Said })])],
    ([data]) => {
      // Only the type as the original writes it is what the Schema says.
      assert.deepStrictEqual(decode({ type: "message", data }), decode({ type: "Message", data }))
      assert.deepStrictEqual(decode({ type: "command", data }), decode({ type: "COMMAND", data }))
    }
  )

  it.prop(
    "ChatMasterReader.decode() takes every package of the Schema",
    [ChatMasterPacket.ClientPackage],
    ([valid]) => {
      const packet = ChatMasterReader.decode({ text: JSON.stringify(valid), ...plain })
      if (packet._tag === "Message" && valid.type === "message") assert.strictEqual(packet.text, valid.data.message)
      else if (packet._tag === "Command" && valid.type === "command")
        assert.strictEqual(packet.command, valid.data.command)
      else assert.fail(`${valid.type} is taken for ${packet._tag}`)
    }
  )

  it("ChatMasterReader.decode() takes parameters in every shape", () => {
    const command = (data: object) => decode({ type: "command", data: { command: "join", ...data } })
    const join = (parameters: unknown, hasParameters: boolean) => ({
      _tag: "Command",
      command: "join",
      parameters,
      hasParameters
    })
    assert.deepStrictEqual(command({ parameters: { channel: "a" } }), join({ channel: "a" }, true))
    assert.deepStrictEqual(command({ parameter: { channel: "a" } }), join({ channel: "a" }, false))
    assert.deepStrictEqual(command({ parameter: "a" }), join("a", false))
    assert.deepStrictEqual(command({ parameters: null, parameter: { channel: "a" } }), join({ channel: "a" }, true))
    assert.deepStrictEqual(command({ parameters: null }), join({}, true))
    assert.deepStrictEqual(command({ parameters: 5 }), join({}, true))
    assert.deepStrictEqual(command({}), join({}, false))
  })

  it("ChatMasterReader.decode() tells what is not JSON from what has another shape", () => {
    for (const text of [`{foo}`, `{"a" 1}`, `{"a": NaN}`, `{"a": "\n"}`, `{,}`]) {
      assert.strictEqual(decode(text), "Unreadable", text)
    }
    const misshapen = [
      {},
      { type: null },
      { type: 5, data: {} },
      { type: "message" },
      { type: "message", data: null },
      { type: "message", data: {} },
      { type: "message", data: { message: 5 } },
      { type: "message", data: ["hi"] },
      { type: "command", data: { command: null } },
      { type: "command", data: "leave" },
      { type: "session", data: { status: true } },
      { type: "", data: {} },
      { data: { message: "hi" } }
    ]
    for (const value of misshapen) assert.strictEqual(decode(value), "Misshapen", JSON.stringify(value))
  })

  it("ChatMasterReader.decode() says what is missing", () => {
    const detail = (value: unknown) => {
      const packet = ChatMasterReader.decode({ text: JSON.stringify(value), ...plain })
      return packet._tag === "Misshapen" ? packet.detail : undefined
    }
    assert.strictEqual(detail({ data: {} }), "A package has a type and data.")
    assert.strictEqual(detail({ type: "message" }), "The data of a message has a string called message.")
    assert.strictEqual(detail({ type: "Command", data: {} }), "The data of a command has a string called command.")
    assert.strictEqual(detail({ type: "toString" }), "A client sends packages of type message and command.")
  })

  it("ChatMasterReader.decode() takes the last of equal keys and ignores others", () => {
    const text = `{"__proto__": {"type": "x"}, "type": "x", "type": "message", "z": 1, "data": {"message": "a", "q": []}}`
    assert.deepStrictEqual(decode(text), { _tag: "Message", text: "a", hasUsername: false })
  })

  it.prop("ChatMasterReader.decode() never throws", [Schema.Json, Schema.String], ([json, text]) => {
    decode(text)
    for (const value of [json, { type: "message", data: json }, { type: "command", data: json }, { type: json }]) {
      decode(JSON.stringify(value))
    }
    decode({ type: "command", data: { command: text, parameters: json } })
  })
})
