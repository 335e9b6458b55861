import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema, Stream } from "effect"
import * as Reader from "../../../src/protocols/Reader.ts"
import { ClientEvent, type Received } from "../../../src/protocols/sockets/SocketsPacket.ts"
import * as SocketsReader from "../../../src/protocols/sockets/SocketsReader.ts"
import { event, protocol } from "./Given.ts"

const read = (name: string, args: ReadonlyArray<unknown>, ack?: number) =>
  SocketsReader.make().read(event(name, args, ack))

/** The event in what was read, if there is one. */
const taken = (name: string, args: ReadonlyArray<unknown>): ClientEvent | undefined => {
  const [packet, ...others] = read(name, args)
  assert.deepStrictEqual(others, [])
  return packet?._tag === "Event" ? packet.event : undefined
}

const decode = Schema.decodeUnknownResult(ClientEvent)
const encode = Schema.encodeSync(ClientEvent)
const names = ClientEvent.members.map((member) => member.fields.name.literal)

describe("SocketsReader", () => {
  /** One of each event, as it comes and as it is read if that differs. */
  const goldens: ReadonlyArray<readonly [args: ReadonlyArray<unknown>, event: ClientEvent]> = [
    [["Ada"], { name: "register", args: ["Ada"] }],
    [
      [{ from: "Ada", message: "hi", room: "attic", file: "f", id: "1", colour: 1 }],
      { name: "message", args: [{ from: "Ada", message: "hi", room: "attic", file: "f", id: "1" }] }
    ],
    [["attic"], { name: "join", args: ["attic"] }],
    [[{ room: "attic", more: [] }], { name: "join", args: [{ room: "attic" }] }],
    [[], { name: "leave", args: [] }],
    [[{ room: "attic" }], { name: "leave", args: [{ room: "attic" }] }],
    [[], { name: "rooms", args: [] }],
    [[{ everywhere: true }], { name: "users", args: [{ everywhere: true }] }],
    [[{ to: "Bob", message: "" }], { name: "direct", args: [{ to: "Bob", message: "" }] }],
    [[{ limit: 5, before: 9 }], { name: "history", args: [{ limit: 5, before: 9 }] }],
    [[{ name: "Eve" }], { name: "rename", args: [{ name: "Eve" }] }],
    [[{ private: true }], { name: "private", args: [{ private: true }] }],
    [[{ name: "Bob" }], { name: "invite", args: [{ name: "Bob" }] }],
    [[{ name: "a.txt", size: 3 }], { name: "upload", args: [{ name: "a.txt", size: 3 }] }]
  ]

  it("SocketsReader.read() reads each event, and what wants to be acknowledged", () => {
    assert.sameMembers([...new Set(goldens.map(([, { name }]) => name))], names)
    for (const [args, expected] of goldens) {
      const { name } = expected
      assert.deepStrictEqual(read(name, args), [{ _tag: "Event", event: expected, ack: undefined }])
      assert.deepStrictEqual(read(name, args, 0), [{ _tag: "Event", event: expected, ack: 0 }])
    }
  })

  it.effect("SocketsProtocol.reader() makes a stream of events of a stream of packets of Socket.IO", () =>
    Effect.gen(function* () {
      const packets = Stream.make(
        event("register", ["Ada"], 1),
        { _tag: "Ack", id: 7, args: [] } as const,
        event("rooms", []),
        event("dance", []),
        event("rename", [null])
      )
      const none = { ack: undefined }
      assert.deepStrictEqual(yield* Stream.runCollect(Reader.packets(protocol.reader())(packets)), [
        { _tag: "Event", event: { name: "register", args: ["Ada"] }, ack: 1 },
        { _tag: "Event", event: { name: "rooms", args: [] }, ...none },
        { _tag: "UnknownEvent", name: "dance", ...none },
        { _tag: "Malformed", name: "rename", ...none }
      ])
    })
  )

  it("SocketsReader.read() says what is wrong with an event, by its name", () => {
    const wrong = (_tag: "UnknownEvent" | "Malformed", name: string, ack?: number): ReadonlyArray<Received> => [
      { _tag, name, ack }
    ]
    for (const name of ["", "__proto__", "constructor", "toString", "error", "Message", "x".repeat(10_000)]) {
      assert.deepStrictEqual(read(name, ["Ada"], 7), wrong("UnknownEvent", name, 7))
    }
    for (const name of names) {
      assert.deepStrictEqual(read(name, ["a", "b"]), wrong("Malformed", name))
      assert.deepStrictEqual(read(name, [null], 3), wrong("Malformed", name, 3))
    }
  })

  it("SocketsReader.read() reads nothing in a packet that is no event, and has nothing that silence could end", () => {
    const reader = SocketsReader.make()
    assert.deepStrictEqual(reader.read({ _tag: "Ack", id: 1, args: [] }), [])
    assert.deepStrictEqual(reader.read({ _tag: "Disconnect" }), [])
    reader.read(event("rooms", []))
    assert.isUndefined(reader.readTimeoutMillis)
    assert.isUndefined(reader.finish)
  })

  it("SocketsReader.read() takes a message, and nothing that resembles one", () => {
    const usual = { from: "Ada", message: "hi" }
    for (const payload of [usual, { ...usual, room: "a", file: "f", id: "x".repeat(64) }, { ...usual, id: "1" }]) {
      assert.deepStrictEqual(taken("message", [payload]), { name: "message", args: [payload] })
    }
    const own: unknown = JSON.parse('{"from":"a","message":"b","__proto__":"c"}')
    const list = Object.assign([], usual)
    const heir: unknown = Object.create(usual)
    const long = { ...usual, id: "x".repeat(65) }
    const junk = [own, list, heir, long, { ...usual, id: "" }, { ...usual, room: undefined }, { from: "a", room: "b" }]
    for (const payload of junk) {
      assert.deepStrictEqual(read("message", [payload]), [{ _tag: "Malformed", name: "message", ack: undefined }])
    }
    assert.deepStrictEqual(read("message", [usual, usual])[0]?._tag, "Malformed")
  })

  const Field = Schema.Union([Schema.String, Schema.Null, Schema.Int])
  const Payload = Schema.Struct({
    from: Schema.optionalKey(Field),
    message: Schema.optionalKey(Field),
    room: Schema.optionalKey(Field),
    file: Schema.optionalKey(Field),
    id: Schema.optionalKey(Schema.Union([Field, Schema.Literals(["x".repeat(64), "x".repeat(65)])])),
    other: Schema.optionalKey(Field)
  })
  it.effect.prop(
    "SocketsReader.read() takes a message as the Schema does",
    [Payload, Schema.Boolean],
    ([fields, isSound]) =>
      Effect.sync(() => {
        const payload = isSound ? { from: "Ada", message: "hi", ...fields } : fields
        const schema = decode({ name: "message", args: [payload] })
        assert.deepStrictEqual(taken("message", [payload]), Result.getOrUndefined(schema))
      })
  )

  it("SocketsReader.read() shows no password, and takes none that is too long", () => {
    const fields = { name: "Ada", password: "x".repeat(256) }
    for (const event of ["register", "rename"]) {
      const shown = JSON.stringify(taken(event, [fields]))
      assert.include(shown, `"Ada"`)
      assert.notInclude(shown, fields.password)
      for (const password of ["x".repeat(257), 1, {}]) assert.isUndefined(taken(event, [{ ...fields, password }]))
    }
    assert.isUndefined(taken("register", [{ name: "Ada" }]))
  })

  it.effect.prop("SocketsReader.read() takes every valid event as it is", [ClientEvent], ([valid]) =>
    Effect.sync(() => assert.deepStrictEqual(taken(valid.name, encode(valid).args), valid))
  )

  it.effect.prop(
    "SocketsReader.read() takes anything, and for an event only what the Schema takes",
    [Schema.Union([Schema.Literals(names), Schema.String]), Schema.Array(Schema.Json)],
    ([name, args]) =>
      Effect.sync(() => {
        const event = taken(name, args)
        if (event !== undefined) assert.deepStrictEqual(Result.succeed(event), decode({ name, args }))
      })
  )
})
