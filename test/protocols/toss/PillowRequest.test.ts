import { assert, describe, it } from "@effect/vitest"
import { Result, Schema, type SchemaAST } from "effect"
import * as PillowRequest from "../../../src/protocols/toss/PillowRequest.ts"
import { file, type SlipFile, type SlipValue } from "../../../src/protocols/toss/SlipValue.ts"
import * as Rules from "./RequestRules.ts"
import { bytes, record } from "./Wire.ts"

type Entries = Readonly<Record<string, SlipValue>>

const errors = (entries: Entries): unknown => {
  const read = PillowRequest.read(record(entries))
  return Result.isFailure(read) ? [read.failure.action, read.failure.errors] : read.success
}

const asked = (action: SlipValue, data: Entries): unknown => errors({ action, data: record(data) })

/** The nodes of a Schema. */
const nodesOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> => {
  switch (ast._tag) {
    case "Union":
      return [ast, ...ast.types.flatMap(nodesOf)]
    case "Objects":
      return [ast, ...ast.propertySignatures.flatMap(({ type }) => nodesOf(type))]
    default:
      return [ast]
  }
}

const photo = file("a.png", bytes("hello"))
const actions = "expected one of log-in, send-message, chunks"

const refused: ReadonlyArray<readonly [why: string, entries: Entries, action: unknown, errors: object]> = [
  [
    "empty name",
    { action: "log-in", data: record({ username: "" }) },
    "log-in",
    { username: ["Username can't be empty"] }
  ],
  ["name 0", { action: "log-in", data: record({ username: 0 }) }, "log-in", { username: ["Username can't be empty"] }],
  [
    "name false",
    { action: "log-in", data: record({ username: false }) },
    "log-in",
    { username: ["Username can't be empty"] }
  ],
  [
    "name null",
    { action: "log-in", data: record({ username: null }) },
    "log-in",
    { data: ["username: This field is required"] }
  ],
  ["no name", { action: "log-in", data: record({}) }, "log-in", { data: ["username: This field is required"] }],
  [
    "name 5",
    { action: "log-in", data: record({ username: 5 }) },
    "log-in",
    { data: ["username: Expected a String, got Number"] }
  ],
  ["no data", { action: "log-in" }, "log-in", { data: ["This field is required"] }],
  ["data null", { action: "send-message", data: null }, "send-message", { data: ["This field is required"] }],
  ["data a string", { action: "log-in", data: "a" }, "log-in", { data: ["Expected an Object, got String"] }],
  ["data an array", { action: "log-in", data: [] }, "log-in", { data: ["Expected an Object, got Array"] }],
  [
    "data an empty string",
    { action: "send-message", data: "" },
    "send-message",
    { data: ["Expected an Object, got String"] }
  ],
  ["data 0", { action: "send-message", data: 0 }, "send-message", { data: ["Expected an Object, got Number"] }],
  [
    "data false",
    { action: "send-message", data: false },
    "send-message",
    { data: ["Expected an Object, got Boolean"] }
  ],
  [
    "data a file",
    { action: "log-in", data: photo },
    "log-in",
    {
      data: [
        "file: This field is not supported",
        "name: This field is not supported",
        "username: This field is required"
      ]
    }
  ],
  [
    "foreign and missing fields",
    { action: "log-in", data: record({ z: null, message: "a", username: null }) },
    "log-in",
    {
      data: [
        "message: This field is not supported",
        "z: This field is not supported",
        "username: This field is required"
      ]
    }
  ],
  [
    "foreign fields at the top",
    { zoo: 1, action: "log-in", data: record({ username: "a" }), bar: 2 },
    "log-in",
    { payload: ["bar: This field is not supported", "zoo: This field is not supported"] }
  ],
  ["no action", { data: record({}) }, undefined, { action: ["This field is required"] }],
  ["action null", { action: null, data: record({}) }, undefined, { action: ["This field is required"] }],
  ["action empty", { action: "", data: record({}) }, undefined, { action: [`Unsupported value , ${actions}`] }],
  [
    "action log-out",
    { action: "log-out", data: record({}) },
    "log-out",
    { action: [`Unsupported value log-out, ${actions}`] }
  ],
  [
    "action close-server",
    { action: "close-server" },
    "close-server",
    { action: [`Unsupported value close-server, ${actions}`] }
  ],
  ["action a path", { action: "../a" }, undefined, { action: [`Unsupported value ../a, ${actions}`] }],
  ["action 5", { action: 5, data: record({}) }, 5, { action: ["Expected a String, got Number"] }],
  ["action an array", { action: [], data: record({}) }, undefined, { action: ["Expected a String, got Array"] }],
  ...[{}, { message: "" }, { message: null }, { message: 0, other: 1 }, { message: "", attachment: null }].map(
    (data) =>
      [
        `nothing in ${JSON.stringify(data)}`,
        { action: "send-message", data: record(data) },
        "send-message",
        { data: ["Either a message or an attachment must be present"] }
      ] as const
  ),
  [
    "message 5",
    { action: "send-message", data: record({ message: 5 }) },
    "send-message",
    { data: ["message: Expected a String, got Number"] }
  ],
  [
    "attachment a string",
    { action: "send-message", data: record({ attachment: "a" }) },
    "send-message",
    { data: ["attachment: Expected an Object, got String"] }
  ],
  [
    "attachment empty",
    { action: "send-message", data: record({ attachment: record({}) }) },
    "send-message",
    { data: ["attachment.file: This field is required", "attachment.name: This field is required"] }
  ],
  [
    "file a string",
    { action: "send-message", data: record({ attachment: record({ file: "a", name: "b" }) }) },
    "send-message",
    { data: ["attachment.file: Expected a Buffer, got String"] }
  ],
  [
    "foreign field in attachment",
    {
      action: "send-message",
      data: record({ message: 5, x: 1, attachment: record({ file: photo, name: "b", a: 1 }) })
    },
    "send-message",
    {
      data: [
        "x: This field is not supported",
        "attachment.a: This field is not supported",
        "message: Expected a String, got Number"
      ]
    }
  ],
  ...[0, -1, 1.5, "", false, Number.NaN, Infinity, 1e21].map(
    (chunks) =>
      [
        `chunks ${String(chunks)}`,
        { action: "chunks", data: record({ chunks }) },
        "chunks",
        { data: ["chunks: must be a positive Integer"] }
      ] as const
  ),
  [
    "chunks null",
    { action: "chunks", data: record({ chunks: null }) },
    "chunks",
    { data: ["chunks: This field is required"] }
  ],
  ["no chunks", { action: "chunks", data: record({}) }, "chunks", { data: ["chunks: This field is required"] }],
  [
    "chunks a string",
    { action: "chunks", data: record({ chunks: "5" }) },
    "chunks",
    { data: ["chunks: Expected a Number, got String"] }
  ],
  [
    "__proto__",
    { action: "log-in", data: new Map<string, SlipValue>([["__proto__", record({ username: "a" })]]) },
    "log-in",
    { data: ["__proto__: This field is not supported", "username: This field is required"] }
  ]
]

describe("PillowRequest", () => {
  for (const [why, entries, action, expected] of refused) {
    it(`PillowRequest.read() refuses ${why}`, () => assert.deepStrictEqual(errors(entries), [action, expected]))
  }

  it("PillowRequest.read() reads every request", () => {
    assert.deepStrictEqual(asked("log-in", { username: " a " }), { _tag: "LogIn", username: " a " })
    assert.deepStrictEqual(asked("chunks", { chunks: 2 }), { _tag: "Chunks", chunks: 2 })
    const message = { _tag: "SendMessage", message: "hi" } as const
    assert.deepStrictEqual(asked("send-message", { message: "hi" }), message)
    assert.deepStrictEqual(asked("send-message", { message: "hi", attachment: null }), message)
    for (const username of ["bob", 5, null]) {
      assert.deepStrictEqual(asked("send-message", { username, message: "hi" }), message)
    }
  })

  it("PillowRequest.read() takes an attachment as a file and as a record", () => {
    const attachment = { file: photo, name: "a.png" }
    assert.deepStrictEqual(asked("send-message", { attachment: photo }), { _tag: "SendMessage", attachment })
    assert.deepStrictEqual(asked("send-message", { message: "", attachment: record({ name: "b", file: photo }) }), {
      _tag: "SendMessage",
      message: "",
      attachment: { file: photo, name: "b" }
    })
  })

  it("PillowRequest.read() refuses what was dropped", () => {
    const dropped: SlipFile = { _tag: "File", name: "a", sizeBytes: 9, isDropped: true }
    const data = record({ message: "", attachment: dropped })
    const read = PillowRequest.read(record({ action: "send-message", data }), [
      ["data", "message"],
      ["data", "attachment"]
    ])
    assert.deepStrictEqual(Result.isFailure(read) && read.failure.errors, {
      data: ["attachment: This field is too large", "message: This field is too large"]
    })
  })

  it("PillowRequest.read() says back no more than a little", () => {
    const long = "a".repeat(1_000_000)
    const refusals = [
      errors({ action: long, [long]: 1 }),
      asked("log-in", { [long]: 1 }),
      asked("log-in", { username: long, [long]: 2 })
    ]
    for (const refusal of refusals) assert.isBelow(JSON.stringify(refusal).length, 1000)
  })

  it.prop(
    "PillowRequest.read() takes a text alone as it takes one with a name that it leaves out",
    [Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null])],
    ([message]) => {
      const alone = asked("send-message", { message })
      assert.deepStrictEqual(alone, asked("send-message", { message, username: "bob" }))
      assert.deepStrictEqual(alone, asked("send-message", { message, attachment: null }))
    }
  )

  it.prop("PillowRequest.read() takes what the protocol allows, and nothing else", [Rules.Choices], Rules.check, {
    arbitrary: { runs: 2000 }
  })

  it("PillowRequest.Request has nothing that keeps it from being compiled, but for the secret of a log-in", () => {
    const [logIn, ...others] = PillowRequest.Request.members
    assert.strictEqual(logIn.fields._tag.schema.literal, "LogIn")
    for (const { ast } of others) {
      const tags = nodesOf(ast).map(({ _tag }) => _tag)
      assert.include(tags, "Objects")
      assert.notInclude(tags, "Declaration")
      assert.notInclude(tags, "Suspend")
    }
  })

  it("PillowRequest.read() shows no password, and says what is wrong with one", () => {
    const request = asked("log-in", { username: "bob", password: "x".repeat(256) })
    assert.include(JSON.stringify(request), "bob")
    assert.notInclude(JSON.stringify(request), "xx")
    const wrong = (password: SlipValue) => asked("log-in", { username: "bob", password })
    assert.deepStrictEqual(wrong(1), ["log-in", { data: ["password: Expected a String, got Number"] }])
    assert.deepStrictEqual(wrong("x".repeat(257)), ["log-in", { data: ["password: must have at most 256 characters"] }])
    assert.deepStrictEqual(asked("log-in", { username: "bob", password: null }), { _tag: "LogIn", username: "bob" })
  })

  it("PillowRequest.read() takes no key of a peer for one of its own", () => {
    const tagged = { _tag: "SendMessage", message: "hi" }
    assert.deepStrictEqual(asked("send-message", tagged), [
      "send-message",
      { data: ["_tag: This field is not supported"] }
    ])
    const inner = record({ file: photo, name: "a", _tag: "File" })
    assert.deepStrictEqual(asked("send-message", { attachment: inner }), [
      "send-message",
      { data: ["attachment._tag: This field is not supported"] }
    ])
    for (const value of [record({}), new Date(0), []]) {
      const [, refused] = asked("send-message", { attachment: record({ file: value, name: "a" }) }) as [string, object]
      const name = Array.isArray(value) ? "Array" : value instanceof Date ? "Date" : "Object"
      assert.deepStrictEqual(refused, { data: [`attachment.file: Expected a Buffer, got ${name}`] })
    }
  })
})
