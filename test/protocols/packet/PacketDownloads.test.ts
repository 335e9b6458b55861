import { assert, describe, it } from "@effect/vitest"
import { NoSuchFile, StorageFailed } from "../../../src/domain/Rejection.ts"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import { bench, type Bench, both, codes, enter, type RecordingLink, tags, tcp, udp } from "./Links.ts"

const download = (session: bigint, file: bigint): Request => ({ _tag: "DownloadRequest", session, file })
const chunk = (transaction: bigint): Request => ({ _tag: "DownloadChunkRequest", transaction, chunk: 0 })

const begin = (desk: Bench, link: RecordingLink, session: bigint, file: number): bigint => {
  desk.bring(link, download(session, BigInt(file)))
  for (const { command, reply } of desk.asked()) {
    if (command._tag === "BeginDownload") {
      reply({ _tag: "DownloadBegun", file: { number: file, name: "a.bin", sizeBytes: 256 } })
    }
  }
  const begun = link.sent().at(-1)
  return begun?._tag === "TransferResponse" ? begun.transaction : 0n
}

describe("PacketTransfers begins a download", () => {
  it("of a file by its number on the wire", () => {
    const desk = bench()
    const link = tcp(1)
    const { session } = enter(desk, link)
    desk.bring(link, download(session, 0x1_0000_0002n))
    const [{ command }] = desk.asked() as [ReturnType<Bench["asked"]>[number]]
    assert.strictEqual(command._tag === "BeginDownload" && command.file, 0x1_0002)
  })

  it("unless there is no such file, which is code 8", () => {
    for (const link of both()) {
      const desk = bench()
      const { session } = enter(desk, link)
      desk.bring(link, download(session, 77n))
      desk.asked()[0]!.refuse(new NoSuchFile())
      const answers = link.sent()
      assert.deepStrictEqual(codes(answers), [8])
      assert.strictEqual(answers[0]?._tag === "Error" && answers[0].requestType, 15)
      assert.strictEqual(begin(desk, link, session, 77) % 2n, 0n)
    }
  })

  it("once, and says its number as often as it is asked for", () => {
    const desk = bench()
    const link = udp(1)
    const { session } = enter(desk, link)
    desk.bring(link, download(session, 5n), download(session, 5n))
    const asked = desk.asked()
    assert.strictEqual(asked.length, 1)
    asked[0]!.reply({ _tag: "DownloadBegun", file: { number: 5, name: "a", sizeBytes: 1 } })
    // The chat may have forgotten it meanwhile, so it begins anew under another key.
    desk.bring(link, download(session, 5n))
    const [again] = desk.asked()
    assert.strictEqual(again?.command._tag, "BeginDownload")
    again!.reply({ _tag: "DownloadBegun", file: { number: 5, name: "a", sizeBytes: 1 } })
    const [first, second] = link.sent()
    assert.deepStrictEqual(tags([first!]), ["TransferResponse"])
    assert.deepStrictEqual(first, second)
    assert.deepStrictEqual(
      desk.asked().map(({ command }) => command),
      [{ _tag: "DropDownload", key: 1 }]
    )
  })

  it("of a ninth file in place of the oldest", () => {
    let last = 0n
    const desk = bench({ random: () => (last += 2n) })
    const link = tcp(1)
    const { session } = enter(desk, link)
    const transactions = [1, 2, 3, 4, 5, 6, 7, 8].map((file) => begin(desk, link, session, file))
    desk.bring(link, download(session, 9n))
    const [drop, ninth] = desk.asked()
    assert.deepStrictEqual(drop?.command, { _tag: "DropDownload", key: 1 })
    assert.strictEqual(ninth?.command._tag, "BeginDownload")
    desk.bring(link, chunk(transactions[0]!))
    assert.deepStrictEqual(codes(link.sent()), [9])
    for (const transaction of transactions.slice(1)) desk.bring(link, chunk(transaction))
    assert.strictEqual(desk.asked().length, 7)
    assert.deepStrictEqual(link.sent(), [])
  })
})

describe("PacketTransfers ends a download", () => {
  it("that cannot be read any more", () => {
    for (const [rejection, code] of [
      [new StorageFailed(), 10],
      [new NoSuchFile(), 8]
    ] as const) {
      const desk = bench()
      const link = tcp(1)
      const { session } = enter(desk, link)
      const transaction = begin(desk, link, session, 5)
      desk.bring(link, chunk(transaction))
      desk.asked()[0]!.refuse(rejection)
      assert.deepStrictEqual(codes(link.sent()), [code])
      desk.bring(link, chunk(transaction))
      assert.deepStrictEqual(codes(link.sent()), [9])
    }
  })

  it("with its session", () => {
    const desk = bench()
    const link = tcp(1)
    const { key, session } = enter(desk, link)
    const transaction = begin(desk, link, session, 5)
    desk.hangUp(key, "killed")
    link.frames()
    desk.bring(link, chunk(transaction))
    assert.deepStrictEqual(codes(link.sent()), [9])
    assert.deepStrictEqual(desk.asked(), [])
  })

  it("with an answer over a connection and none to a datagram, if there was none", () => {
    const desk = bench()
    const [datagrams, connection] = [udp(1), tcp(1)]
    for (const link of [datagrams, connection]) {
      desk.bring(link, chunk(4n), {
        _tag: "UploadChunkRequest",
        transaction: 5n,
        chunk: 0,
        blob: new Uint8Array(1)
      })
    }
    assert.deepStrictEqual(datagrams.sent(), [])
    assert.strictEqual(desk.faults(), 2)
    assert.deepStrictEqual(codes(connection.sent()), [9, 9])
  })

  it("for nobody who only knows the number of an upload as that of a download", () => {
    const desk = bench()
    const link = tcp(1)
    const { session } = enter(desk, link)
    const transaction = begin(desk, link, session, 5)
    desk.bring(link, { _tag: "UploadChunkRequest", transaction: transaction + 1n, chunk: 0, blob: new Uint8Array(256) })
    assert.deepStrictEqual(codes(link.sent()), [9])
    desk.bring(link, chunk(transaction))
    assert.strictEqual(desk.asked().length, 1)
  })
})
