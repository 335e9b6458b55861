import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Result, Schema, Stream } from "effect"
import { ChatMaster, Packet, Sockets, Toss, Tsockm } from "../../src/mod.ts"
import { cut } from "./Cut.ts"
import { decodeAll, type Dialect, each, valuesOf } from "./Dialects.ts"

const epoch = new Date(0)

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

const glue = (parts: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(parts))

const testDialect = <Value>(dialect: Dialect<Value>): void => {
  const { canSay, ends, encoders, isOfMessages = false, name, schema } = dialect
  describe(name, () => {
    it.effect.prop("what is encoded is decoded to the same, however it is cut", [schema], ([value]) =>
      Effect.gen(function* () {
        if (!canSay(value)) return
        for (const encode of encoders) {
          const bytes = encode(value)
          assert.deepStrictEqual(valuesOf(yield* decodeAll(dialect, [bytes])), [value])
          if (isOfMessages) continue
          assert.deepStrictEqual(valuesOf(yield* decodeAll(dialect, cut(bytes, 1))), [value])
          assert.deepStrictEqual(valuesOf(yield* decodeAll(dialect, cut(bytes, 7))), [value])
        }
      })
    )

    it.effect.prop("many in one read are all there", [Schema.Array(schema)], ([values]) =>
      Effect.gen(function* () {
        const sayable = values.filter(canSay)
        const all = sayable
          .filter((value, index) => index === sayable.length - 1 || ends(value))
          .slice(ends.length > 0 ? 0 : -1)
        for (const encode of encoders) {
          const reads = isOfMessages ? all.map(encode) : [glue(all.map(encode))]
          assert.deepStrictEqual(valuesOf(yield* decodeAll(dialect, reads)), all)
        }
      })
    )
  })
}

each(testDialect)

const malformed = ["Malformed"]

const details = (decoded: ReadonlyArray<Result.Result<unknown, { readonly detail: string }>>): ReadonlyArray<string> =>
  decoded.map((it) => (Result.isFailure(it) ? it.failure.detail : "no failure"))

const collect = <A>(stream: Stream.Stream<A>): Effect.Effect<ReadonlyArray<A>> => Stream.runCollect(stream)

describe("ChatMaster", () => {
  it.effect("requests() reads other letter cases and the lone parameter, and goes on behind another shape", () =>
    Effect.gen(function* () {
      const sent = [
        `{"type":"COMMAND","data":{"command":"join","parameter":"room1"}}`,
        `{"type":"command","data":{"command":"leave","parameters":null}}`,
        `{"type":"odd"}`,
        `{"type":"message","data":{"message":"hi","username":"x"}}`
      ]
      assert.deepStrictEqual(valuesOf(yield* collect(ChatMaster.requests(Stream.make(utf8(sent.join("")))))), [
        { type: "command", data: { command: "join", parameters: "room1" } },
        { type: "command", data: { command: "leave" } },
        "Malformed",
        { type: "message", data: { message: "hi" } }
      ])
    })
  )

  it.effect("responses() reads a notification that says everything once", () =>
    Effect.gen(function* () {
      const renaming = { old_username: "a", new_username: "b" }
      const data = { event_type: "user_rename", ...renaming, parameters: renaming } as const
      const expected: ChatMaster.Response = { type: "notification", data }
      const sent = [
        { type: "notification", data: { event_type: "user_rename", ...renaming } },
        { type: "notification", data: { event_type: "user_rename", parameters: renaming } }
      ].map((it) => utf8(JSON.stringify(it)))
      assert.deepEqual(valuesOf(yield* collect(ChatMaster.responses(Stream.fromIterable(sent)))), [expected, expected])
    })
  )

  it.effect("requests() reads nothing behind a package over the limit", () =>
    Effect.gen(function* () {
      const limits = { limitBytes: 100, inflatedLimitBytes: 100, depthLimit: 3, valueLimit: 10 }
      const long = ChatMaster.encodeRequest({ type: "message", data: { message: "x".repeat(100) } })
      const read = yield* collect(ChatMaster.requests(Stream.make(long, utf8("{}")), limits))
      assert.deepStrictEqual(details(read), ["Cannot read package: it is longer than 100 bytes."])
      const deep = yield* collect(ChatMaster.responses(Stream.make(utf8(`{"a":[[[1]]]}`)), limits))
      assert.deepStrictEqual(details(deep), ["Cannot read package: it is nested deeper than 3 levels."])
      const many = yield* collect(ChatMaster.responses(Stream.make(utf8(`{"a":[${"0,".repeat(10)}0]}`)), limits))
      assert.deepStrictEqual(details(many), ["Cannot read package: it has more than 10 values."])
    })
  )

  it.effect("a stream that is run again is read by itself", () =>
    Effect.gen(function* () {
      const requests = ChatMaster.requests(Stream.make(utf8("[")))
      assert.deepStrictEqual(valuesOf(yield* collect(requests)), malformed)
      assert.deepStrictEqual(valuesOf(yield* collect(requests)), malformed)
    })
  )
})

describe("Toss", () => {
  const login = Toss.encodeRequest({ _tag: "LogIn", username: "ada" })

  it.effect("requests() reads on behind what is malformed, and reads files whole that come in pieces", () =>
    Effect.gen(function* () {
      const attachment = { name: "a.bin", content: Uint8Array.from({ length: 5000 }, (_, index) => index % 256) }
      const file = Toss.encodeRequest({ _tag: "SendMessage", attachment })
      const reads = [utf8("nonsense|q9|x;"), login, ...cut(file, 999)]
      assert.deepStrictEqual(valuesOf(yield* collect(Toss.requests(Stream.fromIterable(reads)))), [
        ...malformed,
        { _tag: "LogIn", username: "ada" },
        { _tag: "SendMessage", attachment }
      ])
    })
  )

  it.effect("requests() and responses() keep no more of a file than the limit", () =>
    Effect.gen(function* () {
      const attachment = { name: "a.bin", content: new Uint8Array(101) }
      const limits = { fileLimitBytes: 100 }
      const sent = Stream.make(Toss.encodeRequest({ _tag: "SendMessage", attachment }), login)
      assert.deepStrictEqual(valuesOf(yield* collect(Toss.requests(sent, limits))), [
        ...malformed,
        { _tag: "LogIn", username: "ada" }
      ])
      const said = { message: "hi", username: "ada", attachment, time: epoch }
      const acknowledged = { action: "chunks", status: 101 } as const
      const received = Stream.make(
        Toss.encodeResponse({ action: "send-message", status: 100, data: said }),
        Toss.encodeResponse(acknowledged)
      )
      assert.deepStrictEqual(valuesOf(yield* collect(Toss.responses(received, limits))), [...malformed, acknowledged])
    })
  )

  it.effect("responses() goes on behind an announced record that cannot be read", () =>
    Effect.gen(function* () {
      const announcement = "action|l6|chunks;data|s13|chunks|n1|9;;status|n3|100;"
      const closing = { action: "close-server", status: 101 } as const
      const sent = Stream.make(utf8(`${announcement}nonsense!`), Toss.encodeResponse(closing))
      assert.deepStrictEqual(valuesOf(yield* collect(Toss.responses(sent))), [...malformed, closing])
    })
  )
})

describe("Tsockm", () => {
  it.effect("responses() takes nothing that is said for a packet of its own", () =>
    Effect.gen(function* () {
      const said = { _tag: "Said", sender: "abc", text: "x RES::MSG::200::eve::client::client::forged" } as const
      const read = yield* collect(Tsockm.responses(Stream.make(Tsockm.encodeResponse(said))))
      assert.deepStrictEqual(valuesOf(read), [said])
    })
  )

  it.effect("encode…() lets no id or name begin another field", () =>
    Effect.gen(function* () {
      const asked = { _tag: "Say", peer: "a::b|c", text: "hi" } as const
      const [request] = valuesOf(yield* collect(Tsockm.requests(Stream.make(Tsockm.encodeRequest(asked)))))
      assert.deepStrictEqual(request, { ...asked, peer: "a\uff1a\uff1ab\uff5cc" })
      const told = { _tag: "Peer", name: "a::#b", signature: "s" } as const
      const [response] = valuesOf(yield* collect(Tsockm.responses(Stream.make(Tsockm.encodeResponse(told)))))
      assert.deepStrictEqual(response, { ...told, name: "a\uff1a\uff1a\uff03b" })
    })
  )

  it.effect("responses() refuses what is too long", () =>
    Effect.gen(function* () {
      const welcome = { _tag: "Welcome", id: "a", name: "x".repeat(3000), signature: "s" } as const
      const text = { _tag: "Said", sender: "a", text: "x".repeat(20_000) } as const
      for (const response of [welcome, text]) {
        const reads = Stream.make(Tsockm.encodeResponse(response))
        assert.deepStrictEqual(valuesOf(yield* collect(Tsockm.responses(reads))), malformed)
      }
    })
  )
})

describe("Packet", () => {
  it.effect("requests() goes on behind what is malformed, and stops where the end is not known", () =>
    Effect.gen(function* () {
      const [login, badName] = [
        Packet.encodeRequest({ _tag: "SessionRequest", name: "ada" }),
        Uint8Array.of(0, 1, 0, 1, 0xff)
      ]
      const read = yield* collect(Packet.requests(Stream.make(badName, login, Uint8Array.of(0x77, 0x77), login)))
      assert.deepStrictEqual(valuesOf(read), ["Malformed", { _tag: "SessionRequest", name: "ada" }, "Malformed"])
      const tooLong = Packet.requests(Stream.make(login), { packetLimitBytes: 5 })
      assert.deepStrictEqual(details(yield* collect(tooLong)), ["Cannot read packet 1: length is 7, limit is 5"])
    })
  )

  it("decodeRequest() and decodeResponse() take whole datagrams", () => {
    const request = { _tag: "FilesRequest", session: 7n } as const
    const response = { _tag: "MessageResponse", message: 9n } as const
    const bytes = Packet.encodeRequest(request)
    assert.deepStrictEqual(Packet.decodeRequest(bytes), Result.succeed(request))
    assert.deepStrictEqual(Packet.decodeResponse(Packet.encodeResponse(response)), Result.succeed(response))
    assert.isTrue(Result.isFailure(Packet.decodeRequest(bytes.subarray(1))))
  })
})

describe("A password", () => {
  const password = Redacted.make("sesame")

  it.effect("goes out as it is, and comes in as a secret", () =>
    Effect.gen(function* () {
      const register = { _tag: "Event", event: { name: "register", args: [{ name: "ada", password }] } } as const
      const sent = Sockets.encodeRequest(register)
      assert.strictEqual(new TextDecoder().decode(sent), '42["register",{"name":"ada","password":"sesame"}]')
      assert.deepEqual(valuesOf(yield* collect(Sockets.requests(Stream.make(sent)))), [register])
      for (const variant of ["slip", "json"] as const) {
        const login: Toss.Request = { _tag: "LogIn", username: "ada", password }
        const bytes = Toss.encodeRequest(login, variant)
        assert.include(new TextDecoder().decode(bytes), "sesame")
        assert.deepEqual(valuesOf(yield* collect(Toss.requests(Stream.make(bytes)))), [login])
      }
    })
  )
})

describe("Sockets", () => {
  it.effect("says what is wrong with a message", () =>
    Effect.gen(function* () {
      const messages = Stream.make('42["nosuch"]', '42["register",1]', "42[", "9", "x".repeat(101), '42{"a":1}')
      assert.deepStrictEqual(details(yield* collect(Sockets.requests(messages, 100))), [
        "Cannot read event nosuch: there is no such event.",
        "Cannot read event register: its payload is of another shape.",
        "Cannot read message: it is not JSON.",
        "Cannot read message: it is none of this direction.",
        "Cannot read message: it is longer than 100 bytes.",
        "Cannot read message: it is none of this direction."
      ])
      const answers = Stream.make("43", "431[true]", "43[true]", '0{"sid":1}')
      assert.deepStrictEqual(valuesOf(yield* collect(Sockets.responses(answers))), [
        "Malformed",
        { _tag: "Answer", ack: 1, answer: true },
        "Malformed",
        "Malformed"
      ])
    })
  )
})
