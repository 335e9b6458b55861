import { assert, describe, it } from "@effect/vitest"
import { NameInvalid, NameReserved, NameTaken, ServerFull } from "../../../src/domain/Rejection.ts"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import { bench, type Bench, codes, enter, said, tags, tcp, udp } from "./Links.ts"
import { bytes, utf8 } from "./Wire.ts"

const request = (name: string): Request => ({ _tag: "SessionRequest", name })
const preserve = (session: bigint): Request => ({ _tag: "SessionPreserve", session })

describe("PacketExchange opens sessions", () => {
  it("and answers with the cookie, over both carriers", () => {
    const desk = bench()
    const [datagrams, connection] = [udp(1), tcp(1)]
    desk.bring(connection, request("ada"))
    assert.deepStrictEqual(connection.sent(), [{ _tag: "SessionCookie", user: 1n, session: 1n }])
    desk.bring(datagrams, request("bob"))
    assert.deepStrictEqual(datagrams.sent()[0], { _tag: "SessionCookie", user: 2n, session: 2n })
  })

  it("and repeats the cookie to who asks again from there, without another login", () => {
    for (const link of [udp(1), tcp(1)]) {
      const desk = bench()
      enter(desk, link)
      desk.bring(link, request("ada"), request("ada"), request("ada"))
      const cookie = { _tag: "SessionCookie", user: 1n, session: 1n } as const
      assert.deepStrictEqual(link.sent(), [cookie, cookie, cookie])
      assert.deepStrictEqual(desk.logins(), ["ada"])
    }
  })

  it("and asks the chat about the same name from elsewhere", () => {
    const names: Array<string> = []
    const desk = bench({ doorman: (name) => (names.push(name) > 1 ? new NameTaken() : undefined) })
    for (const link of [udp(1), udp(2), udp(1, "127.0.0.2"), tcp(1)]) desk.bring(link, request("ada"))
    assert.deepStrictEqual(names, ["ada", "ada", "ada", "ada"])
  })

  it("or refuses with the code of the reason and no cookie", () => {
    const reasons = {
      taken: new NameTaken(),
      reserved: new NameReserved(),
      "\n": new NameInvalid(),
      "": new NameInvalid()
    }
    let connections = 0
    const expected = { taken: 3, reserved: 4, "\n": 4, "": 4 } as const
    const desk = bench({ doorman: (name) => reasons[name as keyof typeof reasons] })
    for (const [name, code] of Object.entries(expected)) {
      for (const link of [udp(1), tcp(++connections)]) {
        desk.bring(link, request(name))
        const answers = link.sent()
        assert.deepStrictEqual(tags(answers), ["Error"], `${JSON.stringify(name)} on ${link.id}`)
        assert.strictEqual(answers[0]?._tag === "Error" && answers[0].requestType, 1)
        assert.deepStrictEqual(codes(answers), [code])
        assert.strictEqual(desk.faults(), 0)
      }
    }
  })

  it("and does not remember one that was refused", () => {
    let isOpen = false
    const desk = bench({ doorman: () => (isOpen ? undefined : new ServerFull()) })
    const link = udp(1)
    desk.bring(link, request("a name that is long enough"))
    assert.deepStrictEqual(codes(link.sent()), [11])
    isOpen = true
    desk.bring(link, request("a name that is long enough"))
    assert.deepStrictEqual(tags(link.sent()), ["SessionCookie", "IncomingMessage"])
  })

  it("and answers a name that is not UTF-8 over a connection only", () => {
    const desk = bench()
    const [datagrams, connection] = [udp(1), tcp(1)]
    desk.bringBytes(datagrams, bytes("0001 0001 ff"))
    assert.deepStrictEqual(datagrams.sent(), [])
    assert.strictEqual(desk.faults(), 1)
    desk.bringBytes(connection, bytes("0001 0001 ff"))
    assert.deepStrictEqual(codes(connection.sent()), [1])
    assert.strictEqual(desk.faults(), 1)
    assert.deepStrictEqual(desk.logins(), [])
  })

  it("up to 16 per link, and gives the others' cookies again", () => {
    for (const link of [udp(1), tcp(1)]) {
      const desk = bench()
      const sessions = Array.from({ length: 16 }, (_, count) => desk.enter(link, `user ${count}`).session)
      desk.bring(link, request("user 16"))
      assert.deepStrictEqual(codes(link.sent()), [11])
      desk.bring(link, request("user 3"))
      assert.deepStrictEqual(link.sent(), [{ _tag: "SessionCookie", user: 4n, session: sessions[3]! }])
      desk.enter(udp(2), "user 17")
      assert.strictEqual(desk.logins().length, 17)
    }
  })

  it("with numbers of all 64 bits", () => {
    const desk = bench({ random: () => 2n ** 64n - 1n })
    const link = udp(1)
    const { session } = desk.enter(link, "ada")
    assert.strictEqual(session, 2n ** 64n - 1n)
    desk.bring(link, preserve(session))
    assert.deepStrictEqual(link.sent(), [{ _tag: "SessionCookie", user: 1n, session }])
  })
})

describe("PacketExchange does not know a session", () => {
  const requests: ReadonlyArray<Request> = [
    preserve(77n),
    { _tag: "UsersRequest", session: 77n },
    { _tag: "UserDataRequest", session: 77n, user: 1n },
    { _tag: "MessageRequest", session: 77n, user: 1n, message: 1n, blob: utf8("hi") },
    { _tag: "BroadcastRequest", session: 77n, message: 1n, blob: utf8("hi") },
    { _tag: "DownloadRequest", session: 77n, file: 1n },
    { _tag: "UploadRequest", session: 77n, sizeBytes: 1, name: "a" },
    { _tag: "FilesRequest", session: 77n },
    { _tag: "FileDataRequest", session: 77n, file: 1n }
  ]

  it("and is silent over UDP", () => {
    const desk = bench()
    const link = udp(1)
    desk.bring(link, ...requests)
    assert.deepStrictEqual(link.sent(), [])
    assert.strictEqual(desk.faults(), requests.length)
    assert.deepStrictEqual(desk.asked(), [])
  })

  it("and says so over TCP, with the type that it answers", () => {
    const desk = bench()
    const link = tcp(1)
    desk.bring(link, ...requests)
    const answers = link.sent()
    assert.deepStrictEqual(
      answers.map((answer) => (answer._tag === "Error" ? [answer.requestType, answer.code] : [])),
      [4, 5, 7, 9, 11, 15, 15, 19, 21].map((type) => [type, 2])
    )
    assert.strictEqual(desk.faults(), 0)
    assert.deepStrictEqual(desk.asked(), [])
  })

  it("that has ended", () => {
    const desk = bench()
    const link = tcp(1)
    const { key, session } = desk.enter(link, "ada")
    desk.hangUp(key, "killed")
    assert.deepStrictEqual(codes(link.sent()), [13])
    desk.bring(link, preserve(session))
    assert.deepStrictEqual(codes(link.sent()), [2])
    desk.deliver(key, said(1, "too late"))
    assert.deepStrictEqual(link.sent(), [])
    assert.deepStrictEqual(desk.exchange.hangUp(key, "killed"), [])
  })
})

describe("PacketExchange ends a session of which nothing comes", () => {
  /** Whether a session still lives 29.999 s after what `refresh` does at 29.999 s, and is over one millisecond later. */
  const refreshes = (refresh: (desk: Bench, link: ReturnType<typeof udp>, session: bigint, key: object) => void) => {
    for (const link of [udp(1), tcp(1)]) {
      const desk = bench()
      const { key, session } = desk.enter(link, "ada")
      desk.bring(link, preserve(session), { _tag: "UploadRequest", session, sizeBytes: 300, name: "a" })
      desk.asked()[0]!.reply({ _tag: "UploadBegun", file: 1 })
      desk.deliver(key, said(5, "hello"))
      desk.pass(29_999)
      refresh(desk, link, session, key)
      desk.pass(29_999)
      assert.deepStrictEqual(desk.ended(), [], link.id)
      desk.pass(1)
      assert.strictEqual(desk.ended().length, 1, link.id)
      desk.pass(60_000)
      assert.deepStrictEqual(desk.ended(), [])
    }
  }

  it("for 30 seconds, and not for 29.999", () => {
    for (const link of [udp(1), tcp(1)]) {
      const desk = bench()
      desk.enter(link, "ada")
      desk.pass(29_999)
      assert.deepStrictEqual(desk.ended(), [])
      desk.pass(1)
      assert.strictEqual(desk.ended().length, 1)
    }
  })

  it("but not by what it is sent", () => {
    const desk = bench()
    const link = udp(1)
    const { key, session } = desk.enter(link, "ada")
    desk.bring(link, preserve(session))
    desk.deliver(key, said(1, "hello"))
    for (let second = 0; second < 30; second++) desk.pass(1000)
    assert.strictEqual(desk.ended().length, 1)
  })

  it("by the sweep alone: what came in time may be read late, and puts that off", () => {
    const desk = bench()
    const [link, other] = [tcp(1), udp(1)]
    const { session } = desk.enter(link, "ada")
    desk.enter(other, "bob")
    desk.wait(40_000)
    desk.bring(other, request("bob"))
    desk.bring(link, preserve(session))
    assert.deepStrictEqual(codes(link.sent()), [])
    desk.pass(29_999)
    assert.deepStrictEqual([desk.logins(), desk.ended()], [["ada", "bob"], []])
    desk.pass(1)
    assert.lengthOf(desk.ended(), 2)
    desk.bring(link, preserve(session))
    assert.deepStrictEqual(codes(link.sent()), [2])
  })

  it("and each packet of a session puts that off", () => {
    refreshes((desk, link, session) => desk.bring(link, preserve(session)))
    refreshes((desk, link) => desk.bring(link, request("ada")))
    refreshes((desk, link, session) => desk.bring(link, { _tag: "UsersRequest", session }))
    refreshes((desk, link, session) => desk.bring(link, { _tag: "UserDataRequest", session, user: 99n }))
    refreshes((desk, link, session) =>
      desk.bring(link, { _tag: "BroadcastRequest", session, message: 1n, blob: utf8("a") })
    )
    refreshes((desk, link, session) =>
      desk.bring(link, { _tag: "MessageRequest", session, user: 1n, message: 1n, blob: utf8("a") })
    )
    refreshes((desk, link, session) => desk.bring(link, { _tag: "FilesRequest", session }))
    refreshes((desk, link, session) => desk.bring(link, { _tag: "FileDataRequest", session, file: 1n }))
    refreshes((desk, link, session) => desk.bring(link, { _tag: "DownloadRequest", session, file: 1n }))
    refreshes((desk, link, session) => desk.bring(link, { _tag: "UploadRequest", session, sizeBytes: 1, name: "b" }))
  })

  it("and chunks and confirmations put that off", () => {
    // The number of the transaction is the second random one, 2, made odd.
    refreshes((desk, link) =>
      desk.bring(link, { _tag: "UploadChunkRequest", transaction: 3n, chunk: 1, blob: utf8("x") })
    )
    refreshes((desk, link) => desk.bring(link, { _tag: "IncomingMessageResponse", message: 10n }))
  })

  it("and a message number that is not its own does not, over datagrams", () => {
    const desk = bench()
    const link = udp(1)
    desk.enter(link, "ada")
    desk.pass(29_999)
    desk.bring(link, { _tag: "IncomingMessageResponse", message: 10n })
    desk.pass(1)
    assert.strictEqual(desk.ended().length, 1)
    assert.deepStrictEqual(tags(link.sent()), [])
  })
})

it("PacketExchange.sweep() ends sessions side by side", () => {
  const desk = bench()
  for (let port = 0; port < 100; port++) desk.enter(udp(port), `user ${port}`)
  desk.pass(30_000)
  assert.strictEqual(desk.ended().length, 100)
  assert.deepStrictEqual(desk.exchange.sweep(), [])
})
