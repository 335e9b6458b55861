import { assert, describe, it } from "@effect/vitest"
import type { Reply } from "../../../src/domain/Command.ts"
import {
  FileTooLarge,
  Flooding,
  StorageFailed,
  TooManyUploads,
  UploadBroken,
  UploadsTooLarge
} from "../../../src/domain/Rejection.ts"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import { accepted, bench, type Bench, both, codes, enter, type RecordingLink, tags, tcp, udp } from "./Links.ts"

const done: Reply = { _tag: "Done" }

const upload = (session: bigint, sizeBytes: number, name = "a.bin"): Request => ({
  _tag: "UploadRequest",
  session,
  sizeBytes,
  name
})
const download = (session: bigint, file: number): Request => ({ _tag: "DownloadRequest", session, file: BigInt(file) })

/** The transaction that began. */
const transactionOf = (link: RecordingLink): bigint => {
  const begun = link.sent().at(-1)
  return begun?._tag === "TransferResponse" ? begun.transaction : 0n
}

const beginUpload = (desk: Bench, link: RecordingLink, sizeBytes: number) => {
  const { key, session } = enter(desk, link)
  desk.bring(link, upload(session, sizeBytes))
  const [begin] = desk.asked()
  begin!.reply({ _tag: "UploadBegun", file: 0x1_0005 })
  const transaction = transactionOf(link)
  const put = (chunk: number, length: number) =>
    desk.bring(link, { _tag: "UploadChunkRequest", transaction, chunk, blob: new Uint8Array(length).fill(chunk + 1) })
  return { key, session, transaction, put, begin: begin! }
}

const beginDownload = (desk: Bench, link: RecordingLink, sizeBytes: number) => {
  const { key, session } = enter(desk, link)
  desk.bring(link, download(session, 5))
  const [begin] = desk.asked()
  begin!.reply({ _tag: "DownloadBegun", file: { number: 5, name: "a.bin", sizeBytes } })
  const transaction = transactionOf(link)
  const get = (chunk: number) => desk.bring(link, { _tag: "DownloadChunkRequest", transaction, chunk })
  return { key, session, transaction, get, begin: begin! }
}

describe("PacketTransfers takes an upload", () => {
  it("and gives it an odd number, and the number that the file will have", () => {
    for (const link of both()) {
      const desk = bench()
      const { session } = enter(desk, link)
      desk.bring(link, upload(session, 300))
      const [begin] = desk.asked()
      const { command } = begin!
      assert.strictEqual(command._tag === "BeginUpload" && command.sizeBytes, 300)
      assert.deepStrictEqual(link.sent(), [])
      begin!.reply({ _tag: "UploadBegun", file: 0x1_0005 })
      const [begun] = link.sent()
      assert.strictEqual(begun?._tag === "TransferResponse" && begun.file, 0x1_0000_0005n)
      assert.strictEqual(begun?._tag === "TransferResponse" && begun.transaction % 2n, 1n)
    }
  })

  it("in chunks of any order, each answered when it is written, the last when the file is said", () => {
    for (const link of both()) {
      const desk = bench()
      const { put, transaction, begin } = beginUpload(desk, link, 600)
      put(2, 88)
      put(0, 256)
      const [third, first] = desk.asked()
      const key = begin.command._tag === "BeginUpload" ? begin.command.key : -1
      const bytes = new Uint8Array(88).fill(3)
      assert.deepStrictEqual(third?.command, { _tag: "WriteUpload", key, atByte: 512, bytes })
      assert.deepStrictEqual(link.sent(), [])
      first!.reply(done)
      third!.reply(done)
      assert.deepStrictEqual(link.sent(), [
        { _tag: "UploadChunkResponse", transaction, chunk: 0 },
        { _tag: "UploadChunkResponse", transaction, chunk: 2 }
      ])
      put(1, 256)
      desk.asked()[0]!.reply(done)
      assert.deepStrictEqual(link.sent(), [])
      const [say] = desk.asked()
      assert.deepStrictEqual(say?.command, { _tag: "Say", text: "", upload: { key, name: "a.bin" }, isLiteral: true })
      // Until it is stored, a repetition of the last one is not answered either.
      put(1, 256)
      assert.deepStrictEqual(link.sent(), [])
      say!.reply(accepted)
      assert.deepStrictEqual(link.sent(), [{ _tag: "UploadChunkResponse", transaction, chunk: 1 }])
      for (const chunk of [0, 1]) put(chunk, 256)
      assert.deepStrictEqual(tags(link.sent()), ["UploadChunkResponse", "UploadChunkResponse"])
      assert.deepStrictEqual(desk.asked(), [])
    }
  })

  it("and answers a chunk that comes again without writing it again", () => {
    for (const link of both()) {
      const desk = bench()
      const { put } = beginUpload(desk, link, 600)
      put(0, 256)
      desk.asked()[0]!.reply(done)
      put(0, 256)
      assert.deepStrictEqual(tags(link.sent()), ["UploadChunkResponse", "UploadChunkResponse"])
      assert.deepStrictEqual(desk.asked(), [])
    }
  })

  it("of no bytes whole at once", () => {
    for (const link of both()) {
      const desk = bench()
      const { session } = enter(desk, link)
      desk.bring(link, upload(session, 0))
      desk.asked()[0]!.reply({ _tag: "UploadBegun", file: 5 })
      assert.deepStrictEqual(link.sent(), [])
      const [say] = desk.asked()
      assert.strictEqual(say?.command._tag, "Say")
      say!.reply(accepted)
      assert.deepStrictEqual(tags(link.sent()), ["TransferResponse"])
    }
  })

  it("but no chunk of another length or past the end, and goes on", () => {
    for (const link of both()) {
      const desk = bench()
      const { put } = beginUpload(desk, link, 600)
      for (const [chunk, length] of [
        [0, 255],
        [0, 257],
        [0, 0],
        [2, 256],
        [3, 0],
        [3, 256],
        [0xffff_ffff, 256]
      ] as const) {
        put(chunk, length)
        const answers = link.sent()
        assert.deepStrictEqual(codes(answers), [9], `${length} bytes as chunk ${chunk}`)
        assert.strictEqual(answers[0]?._tag === "Error" && answers[0].requestType, 17)
      }
      assert.deepStrictEqual(desk.asked(), [])
      put(2, 88)
      assert.strictEqual(desk.asked().length, 1)
    }
  })

  it("unless it is refused, with the code of the reason", () => {
    const reasons = [
      [new FileTooLarge({ limitBytes: 1 }), 6],
      [new TooManyUploads({ limit: 4 }), 9],
      [new UploadsTooLarge({ limitBytes: 1 }), 9],
      [new StorageFailed(), 10],
      [new Flooding({ retryAfterMillis: 1 }), 7]
    ] as const
    for (const link of both()) {
      const desk = bench()
      const { session } = enter(desk, link)
      for (const [rejection, code] of reasons) {
        desk.bring(link, upload(session, 2 ** 32 - 1))
        desk.asked()[0]!.refuse(rejection)
        const answers = link.sent()
        assert.deepStrictEqual(codes(answers), [code])
        assert.strictEqual(answers[0]?._tag === "Error" && answers[0].requestType, 15)
      }
    }
  })

  it("until a chunk cannot be written or the file not stored", () => {
    for (const failing of ["WriteUpload", "Say"]) {
      for (const [rejection, code] of [
        [new StorageFailed(), 10],
        [new UploadBroken(), 9]
      ] as const) {
        const desk = bench()
        const link = tcp(1)
        const { put } = beginUpload(desk, link, 256)
        put(0, 256)
        if (failing === "Say") desk.asked()[0]!.reply(done)
        const [asked] = desk.asked()
        assert.strictEqual(asked?.command._tag, failing)
        asked!.refuse(rejection)
        assert.deepStrictEqual(codes(link.sent()), [code])
        put(0, 256)
        assert.deepStrictEqual(codes(link.sent()), [9])
        assert.deepStrictEqual(desk.asked(), [])
      }
    }
  })

  it("and answers chunks that come again of the last eight that are stored", () => {
    let last = 0n
    const desk = bench({ random: () => (last += 2n) })
    const link = tcp(1)
    const { session } = enter(desk, link)
    const transactions = Array.from({ length: 9 }, () => {
      desk.bring(link, upload(session, 1))
      desk.asked()[0]!.reply({ _tag: "UploadBegun", file: 1 })
      const transaction = transactionOf(link)
      desk.bring(link, { _tag: "UploadChunkRequest", transaction, chunk: 0, blob: new Uint8Array(1) })
      desk.asked()[0]!.reply(done)
      desk.asked()[0]!.reply(accepted)
      return transaction
    })
    link.frames()
    const again = (transaction: bigint) => {
      desk.bring(link, { _tag: "UploadChunkRequest", transaction, chunk: 0, blob: new Uint8Array(1) })
      return tags(link.sent())
    }
    assert.deepStrictEqual(again(transactions[8]!), ["UploadChunkResponse"])
    assert.deepStrictEqual(again(transactions[1]!), ["UploadChunkResponse"])
    assert.deepStrictEqual(again(transactions[0]!), ["Error"])
    assert.deepStrictEqual(desk.asked(), [])
  })

  it("once, when it is asked for again by a datagram because the answer was lost", () => {
    const desk = bench()
    const link = udp(1)
    const { session } = enter(desk, link)
    desk.bring(link, upload(session, 256), upload(session, 256))
    const asked = desk.asked()
    assert.strictEqual(asked.length, 1)
    asked[0]!.reply({ _tag: "UploadBegun", file: 5 })
    const transaction = transactionOf(link)
    desk.bring(link, upload(session, 256))
    assert.deepStrictEqual(link.sent(), [{ _tag: "TransferResponse", file: 5n, transaction }])
    assert.deepStrictEqual(desk.asked(), [])
    // Another one is not the same, and neither is one of which something has come.
    desk.bring(link, upload(session, 257), upload(session, 256, "b.bin"))
    assert.strictEqual(desk.asked().length, 2)
    desk.bring(link, { _tag: "UploadChunkRequest", transaction, chunk: 0, blob: new Uint8Array(256) })
    desk.bring(link, upload(session, 256))
    assert.deepStrictEqual(
      desk.asked().map(({ command }) => command._tag),
      ["WriteUpload", "BeginUpload"]
    )
  })

  it("as often as it is asked for over a connection", () => {
    const desk = bench()
    const link = tcp(1)
    const { session } = enter(desk, link)
    desk.bring(link, upload(session, 256), upload(session, 256))
    const [first, second] = desk.asked()
    first!.reply({ _tag: "UploadBegun", file: 5 })
    second!.reply({ _tag: "UploadBegun", file: 6 })
    const [one, two] = link.sent()
    assert.notDeepEqual(one, two)
  })
})

describe("PacketTransfers gives a download", () => {
  it("an even number, and any chunk at any time, as often as it is asked for", () => {
    for (const link of both()) {
      const desk = bench()
      const { begin, get, transaction } = beginDownload(desk, link, 600)
      assert.deepStrictEqual(transaction % 2n, 0n)
      const key = begin.command._tag === "BeginDownload" ? begin.command.key : -1
      get(2)
      get(0)
      get(0)
      const asked = desk.asked()
      assert.deepStrictEqual(
        asked.map(({ command }) => command),
        [
          { _tag: "ReadDownload", key, atByte: 512, sizeBytes: 88 },
          { _tag: "ReadDownload", key, atByte: 0, sizeBytes: 256 },
          { _tag: "ReadDownload", key, atByte: 0, sizeBytes: 256 }
        ]
      )
      for (const { reply } of asked.toReversed()) reply({ _tag: "FileRead", bytes: new Uint8Array([7]) })
      const blob = new Uint8Array([7])
      assert.deepStrictEqual(
        link.sent(),
        [0, 0, 2].map((chunk) => ({ _tag: "DownloadChunkResponse" as const, transaction, chunk, blob }))
      )
    }
  })

  it("but no chunk past its end", () => {
    for (const link of both()) {
      const desk = bench()
      const { get } = beginDownload(desk, link, 512)
      for (const chunk of [2, 0xffff_ffff]) {
        get(chunk)
        assert.deepStrictEqual(codes(link.sent()), [9])
      }
      assert.deepStrictEqual(desk.asked(), [])
    }
  })
})
