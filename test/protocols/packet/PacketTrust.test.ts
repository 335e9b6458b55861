import { assert, describe, it } from "@effect/vitest"
import { ProtocolName } from "../../../src/domain/Message.ts"
import { NameInvalid, NameTaken } from "../../../src/domain/Rejection.ts"
import * as PacketCodec from "../../../src/protocols/packet/PacketCodec.ts"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import { accepted, bench, type Bench, codes, type RecordingLink, said, tags, tcp, texts, udp } from "./Links.ts"
import { bytes, utf8 } from "./Wire.ts"

const headerBytes = 28
const preserve = (session: bigint): Request => ({ _tag: "SessionPreserve", session })
const sizeOf = (...frames: ReadonlyArray<Uint8Array>): number =>
  frames.reduce((sumBytes, { length }) => sumBytes + length + headerBytes, 0)
const sizeOfRequest = (request: Request): number => sizeOf(PacketCodec.writeRequest(request))

/** A session that is proven where it is. */
const settled = (desk: Bench, link: RecordingLink, name: string) => {
  const { key, session } = desk.enter(link, name)
  desk.bring(link, preserve(session))
  link.frames()
  return { key, session }
}

describe("PacketExchange sends an address of which nothing is known", () => {
  it("refusals of at most 3 times the size of what came", () => {
    for (const rejection of [new NameTaken(), new NameInvalid()]) {
      const desk = bench({ doorman: () => rejection })
      for (const name of ["", "a", "ab", "x".repeat(300)]) {
        const link = udp(1)
        const request: Request = { _tag: "SessionRequest", name }
        desk.bring(link, request)
        const frames = link.frames()
        assert.strictEqual(frames.length, 1)
        assert.isAtMost(sizeOf(...frames), 3 * sizeOfRequest(request))
      }
    }
  })

  it("its cookie and its greeting for each request, of at most 3 times the size of that", () => {
    const desk = bench()
    for (const name of ["a", "ab", "é", "x".repeat(64)]) {
      const link = udp(1)
      const request: Request = { _tag: "SessionRequest", name }
      for (let count = 1; count <= 10; count++) {
        desk.bring(link, request)
        const frames = link.frames()
        assert.strictEqual(frames.length, 2)
        assert.isAtMost(sizeOf(...frames), 3 * sizeOfRequest(request))
      }
    }
  })

  it("nothing by itself, whatever happens and however long it takes", () => {
    const desk = bench()
    const link = udp(1)
    desk.bring(link, { _tag: "SessionRequest", name: "ada" })
    link.frames()
    for (let millis = 0; millis <= 60_000; millis += 100) desk.pass(100)
    assert.deepStrictEqual(link.sent(), [])
    assert.deepStrictEqual([desk.logins(), desk.ended()], [[], []])
  })
})

describe("PacketExchange drops datagrams", () => {
  it("that are no packets, or of the server, without a word", () => {
    const desk = bench()
    const link = udp(1)
    settled(desk, link, "ada")
    const junk = ["", "00", "0001", "0001 0005 6161", "0004 00000000000000", "0004 0000000000000001 00", "ffff", "0002"]
    for (const hex of junk) desk.bringBytes(link, bytes(hex))
    assert.strictEqual(desk.faults(), junk.length)
    assert.deepStrictEqual(link.sent(), [])
  })

  it("with another's message number or transaction from an address that is not that one's", () => {
    const desk = bench()
    const [ada, eve] = [udp(1), udp(2)]
    const { key, session } = settled(desk, ada, "ada")
    settled(desk, eve, "eve")
    desk.bring(ada, { _tag: "UploadRequest", session, sizeBytes: 1, name: "a" })
    desk.asked()[0]!.reply({ _tag: "UploadBegun", file: 1 })
    const begun = ada.sent()[0]
    const transaction = begun?._tag === "TransferResponse" ? begun.transaction : 0n
    desk.deliver(key, said(1, "hello"))
    assert.deepStrictEqual(texts(ada.sent()), ["hello"])
    for (const forger of [eve, udp(3)]) {
      desk.bring(forger, { _tag: "IncomingMessageResponse", message: 2n })
      desk.bring(forger, { _tag: "UploadChunkRequest", transaction, chunk: 0, blob: utf8("x") })
    }
    assert.deepStrictEqual(desk.asked(), [])
    desk.pass(500)
    assert.deepStrictEqual(texts(ada.sent()), ["hello"])
    assert.deepStrictEqual(eve.sent(), [])
  })
})

describe("PacketExchange sends an address to which a session moved", () => {
  const moved = (desk: Bench, from = udp(1)) => {
    const there = udp(2)
    const { key, session } = settled(desk, from, "ada")
    desk.bring(there, preserve(session))
    return { key, session, there, receivedBytes: sizeOfRequest(preserve(session)) }
  }

  it("at most 3 times what came from there", () => {
    for (const from of [udp(1), tcp(1)]) {
      const desk = bench()
      const { key, receivedBytes, session, there } = moved(desk, from)
      let sentBytes = sizeOf(...there.frames())
      assert.isAbove(sentBytes, 0)
      for (let number = 1; number <= 50; number++) {
        desk.deliver(key, said(number, "x".repeat(number), number))
        desk.pass(500)
      }
      sentBytes += sizeOf(...there.frames())
      assert.isAtMost(sentBytes, 3 * receivedBytes)
      for (let count = 2; count < 20; count++) {
        desk.bring(there, preserve(session), { _tag: "UsersRequest", session })
        desk.asked()[0]!.reply({
          _tag: "Users",
          room: undefined,
          users: Array.from({ length: 5 }, (_, index) => ({
            number: index,
            name: "a" as never,
            protocol: ProtocolName.make("packet")
          }))
        })
        desk.pass(1000)
        sentBytes += sizeOf(...there.frames())
        const sum = receivedBytes + (count - 1) * (receivedBytes + sizeOfRequest({ _tag: "UsersRequest", session }))
        assert.isAtMost(sentBytes, 3 * sum)
      }
    }
  })

  it("as much as there is, when it has confirmed a message with a secret number", () => {
    let random = 1000n
    const desk = bench({ random: () => (random += 7919n) })
    const { key, there } = moved(desk)
    there.frames()
    desk.deliver(key, said(1, "hi"))
    const [message] = there.sent()
    assert.deepStrictEqual(texts([message!]), ["hi"])
    const number = message?._tag === "IncomingMessage" ? message.message : 0n
    assert.notStrictEqual(number, 2n)
    desk.bring(there, { _tag: "IncomingMessageResponse", message: number })
    desk.deliver(key, said(2, "x".repeat(5000)))
    assert.deepStrictEqual(texts(there.sent()), ["x".repeat(5000)])
  })

  it("no more for a message number that others know", () => {
    const desk = bench()
    const [here, there] = [udp(1), udp(2)]
    const { key, session } = settled(desk, here, "ada")
    desk.deliver(key, said(1, "hi"))
    desk.bring(there, preserve(session))
    desk.bring(there, { _tag: "IncomingMessageResponse", message: 2n })
    desk.deliver(key, said(2, "x".repeat(5000)))
    desk.pass(1000)
    assert.notInclude(texts(there.sent()), "x".repeat(5000))
  })

  it("no more for a secret number that went to where it was before", () => {
    const desk = bench()
    const { key, session, there } = moved(desk)
    there.frames()
    desk.deliver(key, said(1, "hi"))
    const [message] = there.sent()
    const number = message?._tag === "IncomingMessage" ? message.message : 0n
    const victim = udp(3)
    desk.bring(victim, preserve(session), { _tag: "IncomingMessageResponse", message: number })
    desk.deliver(key, said(2, "x".repeat(5000)))
    desk.pass(1000)
    assert.notInclude(texts(victim.sent()), "x".repeat(5000))
  })

  it("as much as there is, when a transaction that began there goes on", () => {
    for (const kind of ["upload", "download"]) {
      const desk = bench()
      const { key, session, there } = moved(desk)
      there.frames()
      if (kind === "upload") {
        desk.bring(there, { _tag: "UploadRequest", session, sizeBytes: 1, name: "a" })
        desk.asked()[0]!.reply({ _tag: "UploadBegun", file: 1 })
      } else {
        desk.bring(there, { _tag: "DownloadRequest", session, file: 1n })
        desk.asked()[0]!.reply({ _tag: "DownloadBegun", file: { number: 1, name: "a" as never, sizeBytes: 1 } })
      }
      const begun = there.sent()[0]
      const transaction = begun?._tag === "TransferResponse" ? begun.transaction : 0n
      desk.deliver(key, said(1, "x".repeat(5000)))
      assert.deepStrictEqual(there.sent(), [])
      if (kind === "upload") {
        desk.bring(there, { _tag: "UploadChunkRequest", transaction, chunk: 0, blob: utf8("x") })
      } else desk.bring(there, { _tag: "DownloadChunkRequest", transaction, chunk: 0 })
      desk.pass(0)
      assert.deepStrictEqual(texts(there.sent()), ["x".repeat(5000)])
    }
  })

  it("no more for a transaction that began where it was before", () => {
    let last = 0n
    const desk = bench({ random: () => (last += 2n) })
    const [here, victim] = [udp(1), udp(2)]
    const { key, session } = settled(desk, here, "ada")
    desk.bring(here, { _tag: "DownloadRequest", session, file: 1n })
    desk.asked()[0]!.reply({ _tag: "DownloadBegun", file: { number: 1, name: "a" as never, sizeBytes: 5000 } })
    const begun = here.sent()[0]
    const transaction = begun?._tag === "TransferResponse" ? begun.transaction : 0n
    desk.bring(victim, preserve(session))
    let receivedBytes = sizeOfRequest(preserve(session))
    for (let chunk = 0; chunk < 15; chunk++) {
      const request: Request = { _tag: "DownloadChunkRequest", transaction, chunk }
      desk.bring(victim, request)
      desk.asked()[0]!.reply({ _tag: "FileRead", bytes: new Uint8Array(256) })
      receivedBytes += sizeOfRequest(request)
    }
    desk.deliver(key, said(1, "x".repeat(5000)))
    assert.isAtMost(sizeOf(...victim.frames()), 3 * receivedBytes)
    // Asked for again from there, it has another number, which went there alone.
    desk.bring(victim, { _tag: "DownloadRequest", session, file: 1n })
    desk.asked()[0]!.reply({ _tag: "DownloadBegun", file: { number: 1, name: "a" as never, sizeBytes: 5000 } })
    const again = victim.sent().find((it) => it._tag === "TransferResponse")
    assert.notStrictEqual(again?._tag === "TransferResponse" && again.transaction, transaction)
  })

  it("and nothing to where it was, or to who asked before it moved", () => {
    const desk = bench()
    const [here, there] = [udp(1), udp(2)]
    const { session } = settled(desk, here, "ada")
    desk.bring(here, { _tag: "BroadcastRequest", session, message: 5n, blob: utf8("hi") })
    desk.bring(there, preserve(session))
    there.frames()
    desk.asked()[0]!.reply(accepted)
    assert.deepStrictEqual(here.sent(), [])
    desk.bring(there, { _tag: "BroadcastRequest", session, message: 5n, blob: utf8("hi") })
    assert.deepStrictEqual(tags(there.sent()), ["BroadcastResponse"])
    assert.deepStrictEqual(desk.asked(), [])
  })
})

it("PacketExchange.hangUp() tells a proven address why", () => {
  const desk = bench()
  const link = udp(1)
  const { key } = settled(desk, link, "ada")
  desk.hangUp(key, "stopping")
  assert.deepStrictEqual(codes(link.sent()), [12])
})
