import { assert, describe, it } from "@effect/vitest"
import { NameTaken } from "../../../src/domain/Rejection.ts"
import * as PacketCodec from "../../../src/protocols/packet/PacketCodec.ts"
import * as PacketExchange from "../../../src/protocols/packet/PacketExchange.ts"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import type { Response } from "../../../src/protocols/packet/PacketResponse.ts"
import { accepted, ask, bench, codes, said, settings, tags, tcp, texts, udp } from "./Links.ts"
import { hex, utf8 } from "./Wire.ts"

const request = (name: string): Request => ({ _tag: "SessionRequest", name })
const preserve = (session: bigint): Request => ({ _tag: "SessionPreserve", session })
const confirm = (message: bigint): Request => ({ _tag: "IncomingMessageResponse", message })
const broadcast = (session: bigint, message: bigint): Request => ({
  _tag: "BroadcastRequest",
  session,
  message,
  blob: utf8("hi")
})

const typeOf = (packet: Response | undefined) => packet?._tag === "Error" && packet.requestType

describe("PacketExchange logs in a session that was pending", () => {
  it("when its greeting is confirmed from where that went, once, and sends it what is said at once", () => {
    const desk = bench()
    const link = udp(1)
    const { greeting, session, user } = ask(desk, link)
    desk.bring(udp(2), confirm(greeting))
    desk.bring(tcp(1), confirm(greeting))
    desk.bring(link, confirm(greeting + 1n), confirm(2n ** 64n - 1n))
    assert.deepStrictEqual(desk.logins(), [])
    desk.bring(link, confirm(greeting), confirm(greeting))
    assert.deepStrictEqual(desk.logins(), ["ada"])
    assert.deepStrictEqual(link.sent(), [])
    const key = desk.lastKey()
    assert.strictEqual(key.user, user)
    desk.deliver(key, said(1, "x".repeat(5000)))
    assert.deepStrictEqual(texts(link.sent()), ["x".repeat(5000)])
    desk.bring(link, request("ada"))
    assert.deepStrictEqual(link.sent(), [{ _tag: "SessionCookie", user, session }])
  })

  it("when any packet names it, and carries that out then", () => {
    const cases: ReadonlyArray<readonly [(session: bigint) => Request, string | undefined, ReadonlyArray<string>]> = [
      [preserve, undefined, ["SessionCookie"]],
      [(session) => ({ _tag: "UsersRequest", session }), "ListUsers", []],
      [(session) => ({ _tag: "UserDataRequest", session, user: 0n }), undefined, ["UserDataResponse"]],
      [(session) => ({ _tag: "UserDataRequest", session, user: 9n }), "FindUser", []],
      [(session) => ({ ...broadcast(session, 1n), _tag: "MessageRequest", user: 9n }) as Request, "Tell", []],
      [(session) => broadcast(session, 1n), "Say", []],
      [(session) => ({ _tag: "DownloadRequest", session, file: 1n }), "BeginDownload", []],
      [(session) => ({ _tag: "UploadRequest", session, sizeBytes: 1, name: "a" }), "BeginUpload", []],
      [(session) => ({ _tag: "FilesRequest", session }), "ListFiles", []],
      [(session) => ({ _tag: "FileDataRequest", session, file: 1n }), "FindFile", []]
    ]
    for (const [make, command, answers] of cases) {
      for (const there of [udp(1), udp(2), tcp(1)]) {
        const desk = bench()
        const { session } = ask(desk, udp(1))
        desk.bring(there, make(session))
        assert.deepStrictEqual(desk.logins(), ["ada"])
        const asked = desk.asked()
        assert.deepStrictEqual(
          asked.map((it) => it.command._tag),
          command === undefined ? [] : [command]
        )
        for (const { key } of asked) assert.strictEqual(key, desk.lastKey())
        assert.deepStrictEqual(tags(there.sent()), answers)
        assert.strictEqual(desk.faults(), 0)
      }
    }
  })

  it("before it is asked to carry out what has proven it", () => {
    let random = 0n
    const exchange = PacketExchange.make({ ...settings, random: () => ++random })
    const link = udp(1)
    const [reserve] = exchange.receive(link, request("ada"), 7)
    assert.isTrue(reserve?._tag === "Reserve" && reserve.name === "ada" && reserve.reserved(41).length === 2)
    const [login, ...more] = exchange.receive(link, broadcast(1n, 5n), 30)
    assert.deepStrictEqual([login?._tag, more], ["Login", []])
    if (login?._tag !== "Login") return assert.fail("Expected a login")
    assert.deepStrictEqual([login.name, login.number, login.link], ["ada", 41, link])
    // What comes meanwhile waits, its own request too, which is answered by its cookie alone.
    assert.deepStrictEqual(exchange.receive(link, broadcast(1n, 6n), 30), [])
    assert.deepStrictEqual(exchange.receive(link, confirm(2n), 10), [])
    const [cookie, ...others] = exchange.receive(link, request("ada"), 7)
    assert.deepStrictEqual([cookie?._tag, others], ["Send", []])
    assert.strictEqual(exchange.count(), 0)
    const following = login.accepted!({ number: 41, name: "ada" as never, protocol: "packet" as never })
    assert.deepStrictEqual(
      following.map((step) => step._tag === "Run" && step.command),
      [
        { _tag: "Say", text: "hi" },
        { _tag: "Say", text: "hi" }
      ]
    )
    assert.deepStrictEqual([exchange.count(), exchange.pendingCount()], [1, 0])
  })

  it("and answers its own request with the cookie, although its name is taken: by itself", () => {
    let random = 0n
    const exchange = PacketExchange.make({ ...settings, random: () => ++random })
    const link = udp(1)
    const [first] = exchange.receive(link, request("ada"), 7)
    const [second, third] = [1, 2].map(() => exchange.receive(link, request("ada"), 7)[0])
    if (first?._tag === "Reserve") first.reserved(41)
    const [login] = exchange.receive(link, confirm(2n), 10)
    const cookie = "000200000000000000290000000000000001"
    const answer = (step: typeof first) => {
      const steps = step?._tag === "Reserve" ? step.refused(new NameTaken()) : []
      return steps.map((it) => it._tag === "Send" && hex(it.frame))
    }
    assert.deepStrictEqual(answer(second), [cookie])
    if (login?._tag === "Login") login.accepted!({ number: 41, name: "ada" as never, protocol: "packet" as never })
    assert.deepStrictEqual(answer(third), [cookie])
  })

  it("keeps 16 packets that come while that takes time, and no more", () => {
    let random = 0n
    const exchange = PacketExchange.make({ ...settings, random: () => ++random })
    const link = udp(1)
    const [reserve] = exchange.receive(link, request("ada"), 7)
    if (reserve?._tag === "Reserve") reserve.reserved(1)
    const [login] = exchange.receive(link, broadcast(1n, 1n), 30)
    for (let message = 2n; message <= 100n; message++) {
      assert.deepStrictEqual(exchange.receive(link, broadcast(1n, message), 30), [])
    }
    if (login?._tag !== "Login") return assert.fail("Expected a login")
    const following = login.accepted!({ number: 1, name: "ada" as never, protocol: "packet" as never })
    assert.strictEqual(following.length, 16)
  })

  it("unless it has been ended by what it was told first", () => {
    let random = 0n
    const exchange = PacketExchange.make({ ...settings, random: () => ++random })
    const link = udp(1)
    for (const isReliable of [false, true]) {
      const [reserve] = isReliable ? [] : exchange.receive(link, request("ada"), 7)
      if (reserve?._tag === "Reserve") reserve.reserved(1)
      const [login] = exchange.receive(
        isReliable ? tcp(1) : link,
        isReliable ? request("ada") : broadcast(random - 1n, 1n),
        30
      )
      if (login?._tag !== "Login") return assert.fail("Expected a login")
      assert.strictEqual(exchange.hangUp(login.key!, "killed").at(-1)?._tag, "Logout")
      assert.deepStrictEqual(login.accepted!({ number: 1, name: "ada" as never, protocol: "packet" as never }), [])
      assert.deepStrictEqual([exchange.count(), exchange.pendingCount()], [0, 0])
    }
  })

  it("or says that the name has gone meanwhile, again for what comes again", () => {
    for (const prove of [confirm, preserve, (session: bigint) => broadcast(session, 1n)]) {
      let isReserving = true
      let isFree = false
      const desk = bench({ doorman: () => (isReserving || isFree ? undefined : new NameTaken()) })
      const link = udp(1)
      const { greeting, session } = ask(desk, link)
      isReserving = false
      const proof = prove(prove === confirm ? greeting : session)
      for (let count = 0; count < 3; count++) {
        desk.bring(link, proof)
        const frames = link.frames()
        const answers = frames.map((frame) => frame[1])
        assert.deepStrictEqual(answers, [3])
        const sizeBytes = PacketCodec.writeRequest(proof).length
        assert.isAtMost(frames[0]!.length + 28, 3 * (sizeBytes + 28))
        link.send(frames[0]!)
        const [error] = link.sent()
        assert.deepStrictEqual([typeOf(error), codes([error!])], [1, [3]])
        // The answer does not change by itself: somebody who has given up is not logged in.
        isFree = true
      }
      assert.deepStrictEqual(desk.logins(), ["ada"])
      assert.deepStrictEqual(desk.asked(), [])
      const again = ask(desk, link)
      assert.notStrictEqual(again.session, session)
      desk.bring(link, preserve(session))
      assert.deepStrictEqual(link.sent(), [])
      desk.bring(link, confirm(again.greeting))
      assert.deepStrictEqual(desk.logins(), ["ada"])
    }
  })

  it("as the first of two that have asked for the same name", () => {
    const taken = new Set<string>()
    let isReserving = true
    const desk = bench({
      doorman: (name) => {
        if (taken.has(name)) return new NameTaken()
        if (!isReserving) taken.add(name)
        return undefined
      }
    })
    const [here, there] = [udp(1), udp(2)]
    const [ada, eve] = [ask(desk, here), ask(desk, there)]
    isReserving = false
    desk.bring(there, confirm(eve.greeting))
    desk.bring(here, confirm(ada.greeting))
    assert.deepStrictEqual([there.sent(), codes(here.sent())], [[], [3]])
    assert.strictEqual(desk.lastKey().user, eve.user)
  })
})

describe("PacketExchange logs in a session at another address than asked for it", () => {
  it("and sends that no more than 3 times what has come from there", () => {
    let random = 1000n
    const desk = bench({ random: () => (random += 7919n) })
    const there = udp(2)
    const { session } = ask(desk, udp(1))
    const proof = PacketCodec.writeRequest(preserve(session))
    desk.bringBytes(there, proof)
    const key = desk.lastKey()
    assert.deepStrictEqual(tags(there.frames().map((frame) => ({ _tag: String(frame[1]) }))), ["2"])
    for (let number = 1; number <= 50; number++) {
      desk.deliver(key, said(number, "x".repeat(number), number))
      desk.pass(500)
    }
    const sentBytes = there.frames().reduce((sumBytes, { length }) => sumBytes + length + 28, 18 + 28)
    assert.isAtMost(sentBytes, 3 * (proof.length + 28))
  })

  it("and takes the confirmation of a message that went there for a proof", () => {
    let random = 1000n
    const desk = bench({ random: () => (random += 7919n) })
    const there = udp(2)
    const { greeting, session } = ask(desk, udp(1))
    desk.bring(there, preserve(session))
    there.frames()
    const key = desk.lastKey()
    desk.deliver(key, said(1, "hi"))
    const [message] = there.sent()
    desk.bring(udp(1), confirm(greeting))
    desk.bring(there, confirm(greeting))
    desk.deliver(key, said(2, "x".repeat(5000), 8))
    assert.deepStrictEqual(there.sent(), [])
    desk.bring(there, confirm(message?._tag === "IncomingMessage" ? message.message : 0n))
    assert.deepStrictEqual(texts(there.sent()), ["x".repeat(5000)])
  })

  it("and over a connection as one that was opened there", () => {
    const desk = bench()
    const [datagrams, connection] = [udp(1), tcp(1)]
    const { session } = ask(desk, datagrams)
    desk.bring(connection, broadcast(session, 1n))
    desk.asked()[0]!.reply(accepted)
    assert.deepStrictEqual(tags(connection.sent()), ["BroadcastResponse"])
    desk.bring(datagrams, preserve(session))
    assert.deepStrictEqual(tags(datagrams.sent()), ["SessionCookie"])
    desk.close(connection)
    assert.strictEqual(desk.ended().length, 1)
  })

  it("but no more than 16 on one link", () => {
    for (const there of [udp(99), tcp(1)]) {
      const desk = bench()
      const sessions = Array.from({ length: 17 }, (_, port) => ask(desk, udp(port), `user ${port}`).session)
      for (const session of sessions) desk.bring(there, preserve(session))
      const answers = there.sent()
      assert.deepStrictEqual([codes(answers), typeOf(answers.at(-1))], [[11], 1])
      assert.strictEqual(desk.logins().length, 16)
      desk.bring(udp(16), preserve(sessions[16]!))
      assert.strictEqual(desk.logins().length, 1)
    }
  })
})
