import { assert, describe, it } from "@effect/vitest"
import { ProtocolName } from "../../../src/domain/Message.ts"
import type { UserName } from "../../../src/domain/Names.ts"
import {
  Flooding,
  NoSuchFile,
  NoSuchUser,
  StorageFailed,
  TextEmpty,
  TextTooLong
} from "../../../src/domain/Rejection.ts"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import { accepted, bench, type Bench, codes, type RecordingLink, tags, tcp, udp } from "./Links.ts"
import { utf8 } from "./Wire.ts"

const broadcast = (session: bigint, message: bigint, text = "hi"): Request => ({
  _tag: "BroadcastRequest",
  session,
  message,
  blob: utf8(text)
})
const tell = (session: bigint, message: bigint, user = 9n): Request => ({
  _tag: "MessageRequest",
  session,
  user,
  message,
  blob: utf8("hi")
})

const enter = (desk: Bench, link: RecordingLink) => {
  const { session } = desk.enter(link, "ada")
  desk.bring(link, { _tag: "SessionPreserve", session })
  link.frames()
  return session
}

describe("PacketExchange has something said", () => {
  it("to all, or to one by number, and answers with the sender's number when it was accepted", () => {
    for (const link of [udp(1), tcp(1)]) {
      const desk = bench()
      const session = enter(desk, link)
      desk.bring(link, broadcast(session, 2n ** 64n - 1n), tell(session, 79n))
      const [toAll, toOne] = desk.asked()
      assert.deepStrictEqual(toAll?.command, { _tag: "Say", text: "hi" })
      assert.deepStrictEqual(toOne?.command, { _tag: "Tell", to: 9, text: "hi" })
      assert.deepStrictEqual(link.sent(), [])
      toOne!.reply(accepted)
      toAll!.reply(accepted)
      assert.deepStrictEqual(link.sent(), [
        { _tag: "MessageResponse", message: 79n },
        { _tag: "BroadcastResponse", message: 2n ** 64n - 1n }
      ])
    }
  })

  it("or answers with an error, and with nothing else, for a refusal is no fault", () => {
    const desk = bench()
    const link = tcp(1)
    const session = enter(desk, link)
    const refusals = [
      [new NoSuchUser(), 5],
      [new TextTooLong({ limitBytes: 1 }), 6],
      [new Flooding({ retryAfterMillis: 1 }), 7],
      [new StorageFailed(), 10],
      [new TextEmpty(), 13]
    ] as const
    for (const [rejection, code] of refusals) {
      desk.bring(link, tell(session, 1n), broadcast(session, 1n))
      for (const { refuse } of desk.asked()) refuse(rejection)
      const answers = link.sent()
      assert.deepStrictEqual(codes(answers), [code, code])
      assert.deepStrictEqual(
        answers.map((it) => it._tag === "Error" && it.requestType),
        [9, 11]
      )
      assert.strictEqual(desk.faults(), 0)
    }
  })

  it("unless it is no text, or to a number that nobody can have", () => {
    for (const link of [udp(1), tcp(1)]) {
      const desk = bench()
      const session = enter(desk, link)
      const blob = new Uint8Array([0xff])
      desk.bring(link, { _tag: "BroadcastRequest", session, message: 1n, blob })
      desk.bring(link, { _tag: "MessageRequest", session, user: 9n, message: 1n, blob })
      desk.bring(link, tell(session, 2n, 2n ** 64n - 1n))
      assert.deepStrictEqual(codes(link.sent()), [1, 1, 5])
      assert.deepStrictEqual(desk.asked(), [])
    }
  })

  it("once for each number and type, over datagrams, and answers it as often as it comes", () => {
    const desk = bench()
    const link = udp(1)
    const session = enter(desk, link)
    desk.bring(link, broadcast(session, 1n), broadcast(session, 1n), tell(session, 1n), tell(session, 1n))
    const asked = desk.asked()
    assert.deepStrictEqual(
      asked.map(({ command }) => command._tag),
      ["Say", "Tell"]
    )
    assert.deepStrictEqual(link.sent(), [])
    for (const { reply } of asked) reply(accepted)
    assert.deepStrictEqual(tags(link.sent()), ["BroadcastResponse", "MessageResponse"])
    desk.bring(link, broadcast(session, 1n, "another text"), tell(session, 1n), tell(session, 1n, 8n))
    assert.deepStrictEqual(tags(link.sent()), ["BroadcastResponse", "MessageResponse", "MessageResponse"])
    assert.deepStrictEqual(desk.asked(), [])
  })

  it("and refuses it again as it was refused, over datagrams", () => {
    const desk = bench()
    const link = udp(1)
    const session = enter(desk, link)
    desk.bring(link, broadcast(session, 1n))
    desk.asked()[0]!.refuse(new Flooding({ retryAfterMillis: 1 }))
    desk.bring(link, broadcast(session, 1n))
    assert.deepStrictEqual(codes(link.sent()), [7, 7])
    assert.deepStrictEqual(desk.asked(), [])
  })

  it("for the same number of another session", () => {
    const desk = bench()
    const [here, there] = [udp(1), udp(2)]
    const [ada, bob] = [enter(desk, here), desk.enter(there, "bob").session]
    desk.bring(here, broadcast(ada, 1n))
    desk.bring(there, broadcast(bob, 1n))
    assert.strictEqual(desk.asked().length, 2)
  })

  it("once for each of the last 1024 numbers", () => {
    const desk = bench()
    const link = udp(1)
    const session = enter(desk, link)
    for (let message = 1n; message <= 1024n; message++) desk.bring(link, broadcast(session, message))
    for (const { reply } of desk.asked()) reply(accepted)
    link.frames()
    for (let message = 1n; message <= 1024n; message++) desk.bring(link, broadcast(session, message))
    assert.deepStrictEqual(desk.asked(), [])
    assert.strictEqual(link.sent().length, 1024)
    desk.bring(link, broadcast(session, 1025n))
    desk.asked()[0]!.reply(accepted)
    desk.bring(link, broadcast(session, 2n))
    assert.deepStrictEqual(desk.asked(), [])
    desk.bring(link, broadcast(session, 1n))
    assert.strictEqual(desk.asked().length, 1)
  })

  it("as often as it comes, over a connection", () => {
    const desk = bench()
    const link = tcp(1)
    const session = enter(desk, link)
    desk.bring(link, broadcast(session, 1n), broadcast(session, 1n))
    for (const { reply } of desk.asked()) reply(accepted)
    desk.bring(link, broadcast(session, 1n))
    assert.strictEqual(desk.asked().length, 1)
    assert.deepStrictEqual(tags(link.sent()), ["BroadcastResponse", "BroadcastResponse"])
  })
})

describe("PacketExchange lists", () => {
  const summaries = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      number: index + 1,
      name: "a" as UserName,
      sizeBytes: 1,
      protocol: ProtocolName.make("packet")
    }))

  it("users everywhere and files, the most recent 8,187 in a datagram and 65,535 over a connection", () => {
    for (const [link, limit] of [
      [udp(1), 8187],
      [tcp(1), 65_535]
    ] as const) {
      const desk = bench()
      const session = enter(desk, link)
      for (const count of [0, 1, limit, limit + 1]) {
        desk.bring(link, { _tag: "UsersRequest", session }, { _tag: "FilesRequest", session })
        const [users, files] = desk.asked()
        assert.deepStrictEqual(users?.command, { _tag: "ListUsers", everywhere: true })
        assert.deepStrictEqual(files?.command, { _tag: "ListFiles" })
        users!.reply({ _tag: "Users", room: undefined, users: summaries(count) })
        files!.reply({ _tag: "Files", files: summaries(count) })
        const frames = link.frames()
        assert.isTrue(link.isReliable || frames.every(({ length }) => length <= 65_507))
        for (const frame of frames) link.send(frame)
        const [userList, fileList] = link.sent()
        const numbers = userList?._tag === "UsersResponse" ? userList.users : []
        assert.strictEqual(numbers.length, Math.min(count, limit))
        assert.strictEqual(numbers.at(-1), count === 0 ? undefined : BigInt(count))
        const wire = fileList?._tag === "FilesResponse" ? fileList.files : []
        assert.strictEqual(wire.length, Math.min(count, limit))
        assert.isTrue(wire.every((number) => (number & 0xffff_0000n) === 0n))
      }
    }
  })

  it("a user by number, of whom 0 is the server", () => {
    const desk = bench()
    const link = tcp(1)
    const session = enter(desk, link)
    const find = (user: bigint) => desk.bring(link, { _tag: "UserDataRequest", session, user })
    find(0n)
    assert.deepStrictEqual(link.sent(), [{ _tag: "UserDataResponse", user: 0n, name: "Server" }])
    find(2n ** 53n)
    assert.deepStrictEqual(codes(link.sent()), [5])
    assert.deepStrictEqual(desk.asked(), [])
    find(7n)
    find(8n)
    const [seven, eight] = desk.asked()
    assert.deepStrictEqual(seven?.command, { _tag: "FindUser", number: 7 })
    const bob = { number: 7, name: "bob" as UserName, protocol: ProtocolName.make("sockets") } as const
    seven!.reply({ _tag: "Users", room: undefined, users: [bob] })
    eight!.refuse(new NoSuchUser())
    const [found, missing] = link.sent()
    assert.deepStrictEqual(found, { _tag: "UserDataResponse", user: 7n, name: "bob" })
    assert.deepStrictEqual(codes([missing!]), [5])
  })

  it("a file by its number on the wire", () => {
    const desk = bench()
    const link = tcp(1)
    const session = enter(desk, link)
    const file = 0x1_0000_0002n
    desk.bring(link, { _tag: "FileDataRequest", session, file })
    desk.bring(link, { _tag: "FileDataRequest", session, file: 0x1_0000n })
    const [found, impossible] = desk.asked()
    assert.deepStrictEqual(found?.command, { _tag: "FindFile", file: 0x1_0002 })
    found!.reply({ _tag: "Files", files: [{ number: 0x1_0002, name: "ä.txt", sizeBytes: 2 ** 32 - 1 }] })
    impossible!.refuse(new NoSuchFile())
    const [data, refusal] = link.sent()
    assert.deepStrictEqual(data, { _tag: "FileDataResponse", file, sizeBytes: 2 ** 32 - 1, name: "ä.txt" })
    assert.deepStrictEqual(codes([refusal!]), [8])
  })
})
