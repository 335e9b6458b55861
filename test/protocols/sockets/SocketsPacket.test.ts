import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { ClientEvent } from "../../../src/protocols/sockets/SocketsPacket.ts"
import { protocol, event, receive, faulted, only, error, malformed } from "./Given.ts"

describe("SocketsProtocol junk", () => {
  const names = ClientEvent.members.map((member) => member.fields.name.literal)
  const fields: unknown = JSON.parse(
    '{"from":"a","message":"b","to":"c","name":"d","room":"e","private":true,"__proto__":{}}'
  )
  const heirs = Object.create({ from: "a", message: "b", to: "c", name: "d", room: "e", private: true }) as unknown
  const junk: ReadonlyArray<ReadonlyArray<unknown>> = [
    [null],
    [42],
    [true],
    [[]],
    [[[{ from: "a", message: "b" }]]],
    [fields],
    [heirs],
    [Buffer.from("ab")],
    [{ from: { from: "a" }, message: { message: "b" }, to: {}, name: {}, room: {}, limit: {}, private: {} }],
    [{ from: 1, message: "b", to: 2, name: 3, room: 4, private: 5 }],
    [{ from: null, message: null, to: null, name: null, room: null, private: null }],
    [{}, {}],
    ["a", "b"]
  ]
  for (const name of names) {
    if (name === "register") continue
    it(`SocketsProtocol.receive() keeps junk in ${name} from the chat`, () => {
      for (const args of junk) {
        assert.deepStrictEqual(faulted(receive(event(name, args))), [malformed(name)], String(args))
      }
    })
  }

  it("SocketsProtocol.receive() wants the fields of a message", () => {
    for (const args of [
      [],
      ["hi"],
      [{ message: "hi" }],
      [{ from: "Ada" }],
      [{ from: "Ada", message: "hi", room: 1 }]
    ]) {
      assert.deepStrictEqual(faulted(receive(event("message", args))), [malformed("message")])
    }
    for (const limit of [-1, 1.5, Infinity, "5", null]) {
      assert.deepStrictEqual(faulted(receive(event("history", [{ limit }]))), [malformed("history")])
    }
  })

  it("SocketsProtocol.receive() acknowledges junk that wants to be", () => {
    const refusal = { code: "Malformed", message: "The event does not carry what it should." }
    assert.deepStrictEqual(faulted(receive(event("join", [null], 3))), [
      { _tag: "Ack", id: 3, args: [{ ok: false, error: refusal }] },
      malformed("join")
    ])
  })

  it("SocketsProtocol.receive() knows no other events", () => {
    for (const name of ["", "__proto__", "constructor", "toString", "error", "file", "Message", "42", "chat message"]) {
      assert.deepStrictEqual(faulted(receive(event(name, [{ from: "a", message: "b" }]))), [
        error("UnknownEvent", "There is no such event.", name)
      ])
    }
    const long = faulted(receive(event("x".repeat(10_000), [])))
    assert.deepStrictEqual(long, [error("UnknownEvent", "There is no such event.", "x".repeat(64))])
    assert.deepStrictEqual(receive({ _tag: "Ack", id: 1, args: [] }), [])
  })

  const decode = Schema.decodeUnknownOption(ClientEvent)
  const isClientEvent = (value: unknown): boolean => Option.isSome(decode(value))
  const encode = Schema.encodeSync(ClientEvent)
  const Junk = Schema.Struct({
    name: Schema.Union([Schema.Literals(names), Schema.String]),
    args: Schema.Array(
      Schema.Union([Schema.Json, Schema.String, Schema.Struct({ from: Schema.Json, room: Schema.Json })])
    ),
    ack: Schema.Union([Schema.Int, Schema.Undefined])
  })
  it.effect.prop("SocketsProtocol.receive() takes anything and lets only what is valid through", [Junk], ([packet]) =>
    Effect.sync(() => {
      const steps = receive(event(packet.name, packet.args, packet.ack))
      assert.isAbove(steps.length, 0)
      const isStep = steps.some((step) => step._tag !== "Send" && step._tag !== "Fault")
      assert.strictEqual(steps[0]?._tag === "Fault", !isStep)
      assert.isFalse(isStep && !isClientEvent({ name: packet.name, args: packet.args }))
      assert.isFalse(steps.some((step) => step._tag === "Hangup"))
      for (const step of steps) if (step._tag === "Send") assert.isAbove(protocol.sizeBytes(step.frame), 0)
    })
  )

  it.effect.prop("SocketsProtocol.receive() takes every valid event", [ClientEvent], ([valid]) =>
    Effect.sync(() => {
      const step = only(receive(event(valid.name, encode(valid).args)))
      assert.strictEqual(step._tag, valid.name === "register" ? "Login" : "Run")
    })
  )
})
