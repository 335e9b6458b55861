import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Answer from "../../src/app/ConsoleAnswer.ts"
import { parse } from "../../src/app/ConsoleCommand.ts"
import { LineBuffer } from "../../src/app/LineBuffer.ts"
import { columns, printable } from "../../src/app/Printable.ts"
import { wireText } from "../../src/app/WireText.ts"
import { ProtocolName } from "../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../src/domain/Names.ts"
import type { Peer } from "../../src/services/Operator.ts"

const peer = (overrides: Partial<Peer>): Peer => ({
  id: 1,
  name: "alice" as UserName,
  protocol: ProtocolName.make("toss"),
  address: "192.0.2.1",
  room: "general" as RoomName,
  sinceMillis: 1_700_000_000_123,
  queuedBytes: 0,
  ...overrides
})

const mistake = (line: string): string => {
  const parsed = parse(line)
  return Result.isFailure(parsed) ? Answer.mistake(parsed.failure) : "no mistake"
}

// oxlint-disable-next-line no-control-regex -- what must not come through
const raw = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/

describe("ConsoleAnswer", () => {
  it("list() is a table with aligned columns", () => {
    const rows = [
      peer({}),
      peer({ id: 12, name: "李小龍" as UserName, protocol: ProtocolName.make("chatmaster"), queuedBytes: 1_048_576 })
    ]
    assert.strictEqual(Answer.list([]), "Peer list: []")
    assert.deepStrictEqual(Answer.list(rows).split("\n"), [
      "Peer list (2):",
      "ID  NAME    PROTOCOL    ADDRESS    ROOM     SINCE                  QUEUED",
      " 1  alice   toss        192.0.2.1  general  2023-11-14T22:13:20Z        0",
      "12  李小龍  chatmaster  192.0.2.1  general  2023-11-14T22:13:20Z  1048576"
    ])
  })

  it("lets no control character of others through", () => {
    const evil = "a\u001b[2J\u0007\u009b\r\u202eb\nc" as UserName
    const texts = [
      Answer.list([peer({ name: evil, room: evil as string as RoomName, address: evil })]).replace(/\n/g, ""),
      Answer.rooms([{ name: evil as string as RoomName, isPrivate: true, members: [evil] }]).replace(/\n/g, ""),
      Answer.killed([evil]),
      mistake(evil),
      mistake(`:list ${evil}`),
      Answer.unbanned(evil)
    ]
    for (const text of texts) {
      assert.notMatch(text, raw)
      assert.include(text, "\\u{1b}[2J")
    }
  })

  it("rooms() shows who is in them, up to twenty", () => {
    const members = Array.from({ length: 25 }, (_, index) => `user${index}` as UserName)
    const text = Answer.rooms([
      { name: "general" as RoomName, isPrivate: false, members },
      { name: "den" as RoomName, isPrivate: true, members: [] }
    ])
    assert.match(text, /^Room list \(2\):\nROOM {5}ACCESS {3}PEERS {2}MEMBERS\n/)
    assert.match(text, /general {2}public {6}25 {2}user0, .*, user19 and 5 more\nden {6}private {6}0$/)
  })

  it("info() has version, uptime, peers by protocol, log and addresses", () => {
    const program = {
      version: "1.2.3",
      verbosity: "tiny",
      addresses: [{ protocol: "toss", url: "tcp://x:1" }]
    } as const
    assert.strictEqual(
      Answer.info(
        {
          uptimeMillis: 61_999,
          peers: new Map([
            [ProtocolName.make("toss"), 2],
            [ProtocolName.make("packet"), 1]
          ]),
          queuedBytes: 0
        },
        program
      ),
      [
        "version:    1.2.3",
        "uptime:     61 s",
        "peers:      3 (toss 2, packet 1)",
        "log:        tiny",
        "listening:  toss tcp://x:1"
      ].join("\n")
    )
  })

  it("mistake() says what is wrong, and how it is right", () => {
    assert.strictEqual(mistake(":kill"), "Error: missing argument of :kill.\nUsage: :kill <id>|<name>|all")
    assert.strictEqual(mistake(":frob 1"), 'Error: unknown command ":frob 1"; :help lists all commands.')
    assert.strictEqual(
      mistake(":unmute loud"),
      'Error: wrong argument of :unmute: "loud".\nUsage: :unmute [dev|tiny|silent]'
    )
    assert.isBelow(mistake("x".repeat(8000)).length, 200)
  })

  it("killed(), pinged() and banned() count", () => {
    const names = ["alice", "bob"] as Array<string> as Array<UserName>
    assert.strictEqual(Answer.killed(names), "Killed 2 peers: alice, bob")
    assert.strictEqual(Answer.killed(names.slice(1)), "Killed 1 peer: bob")
    assert.strictEqual(
      Answer.pinged({ asked: 1, unable: new Map([[ProtocolName.make("toss"), 2]]) }),
      "Asked 1 peer for a sign of life. These protocols have no such question: toss 2."
    )
    assert.strictEqual(
      Answer.banned({ address: "192.0.2.1", untilMillis: 0 }, names.slice(1)),
      "Banned 192.0.2.1 until 1970-01-01T00:00:00Z. Killed 1 peer: bob"
    )
  })
})

describe("printable()", () => {
  it.prop("leaves nothing that a terminal obeys, and is the same when done again", [Schema.String], ([text]) => {
    const shown = printable(text)
    assert.notMatch(shown, raw)
    assert.strictEqual(printable(shown), shown)
  })

  it("columns() counts wide characters twice and combined ones once", () => {
    assert.deepStrictEqual(["abc", "李", "é", "👩‍🚀", ""].map(columns), [3, 2, 1, 2, 0])
  })
})

describe("wireText()", () => {
  const encode = (text: string) => new TextEncoder().encode(text)

  it("is one printable line, cut at 200 characters", () => {
    assert.strictEqual(wireText("in", "toss alice", encode("a\r\n\u001b[1mä")), "<- toss alice: a\\r\\n\\u{1b}[1mä")
    const long = wireText("out", "toss alice", encode("😀".repeat(300)))
    assert.strictEqual(long, `-> toss alice: ${"😀".repeat(200)}…`)
  })

  it("shows packets by their kind and as JSON, and bytes in them by their number", () => {
    const packet = { _tag: "Event", name: "message", args: [{ file: new Uint8Array(7) }] }
    assert.strictEqual(
      wireText("in", "sockets bob", packet),
      '<- sockets bob: Event {"name":"message","args":[{"file":"<7 bytes>"}]}'
    )
    const received = { _tag: "Event", event: { _tag: "inner" }, buffer: Buffer.from("hé") }
    assert.strictEqual(
      wireText("in", "sockets bob", received),
      '<- sockets bob: Event {"event":{"_tag":"inner"},"buffer":"hé"}'
    )
    const loop: Array<unknown> = []
    loop.push(loop, 1n)
    assert.strictEqual(wireText("in", "sockets bob", loop), "<- sockets bob: [object Array]")
    assert.strictEqual(wireText("out", "toss bob", { _tag: "FileFrame", head: encode("{") }), "-> toss bob: {…")
  })

  it("shows what was said as text, pieces of files as a size, and numbers of any size", () => {
    const message = { _tag: "BroadcastRequest", session: 2n ** 63n, blob: encode("hi") }
    assert.strictEqual(
      wireText("in", "packet bob", message),
      '<- packet bob: BroadcastRequest {"session":"9223372036854775808","blob":"hi"}'
    )
    for (const _tag of ["UploadChunkRequest", "FilePiece"]) {
      assert.strictEqual(
        wireText("in", "packet bob", { _tag, bytes: Buffer.from("hi") }),
        `<- packet bob: ${_tag} {"bytes":"<2 bytes>"}`
      )
    }
    const malformed = { _tag: "Malformed", packetType: 1, detail: "Cannot read packet 1: it is not UTF-8" }
    assert.include(wireText("in", "packet bob", malformed), 'Malformed {"packetType":1,"detail":"Cannot read')
  })
})

describe("LineBuffer", () => {
  it("gives the same lines however the bytes are split", () => {
    const bytes = new TextEncoder().encode("one\r\nzwei ä\n\ndrei €")
    for (let at = 0; at <= bytes.length; at++) {
      const buffer = new LineBuffer(100)
      const lines = [...buffer.push(bytes.subarray(0, at)), ...buffer.push(bytes.subarray(at)), ...buffer.end()]
      assert.deepStrictEqual(lines, ["one", "zwei ä", "", "drei €"])
    }
  })

  it("keeps of a long line what shows that it is long", () => {
    const buffer = new LineBuffer(10)
    for (let count = 0; count < 1000; count++) buffer.push(new TextEncoder().encode("x".repeat(1000)))
    assert.deepStrictEqual(buffer.push(new TextEncoder().encode("\nok\n")), ["x".repeat(11), "ok"])
    assert.deepStrictEqual(buffer.end(), [])
  })
})
