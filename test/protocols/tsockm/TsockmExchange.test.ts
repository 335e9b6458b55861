import { assert, describe, it } from "@effect/vitest"
import { ProtocolName } from "../../../src/domain/Message.ts"
import type { UserName } from "../../../src/domain/Names.ts"
import { Flooding, NameTaken, NotLoggedIn, StorageFailed } from "../../../src/domain/Rejection.ts"
import { accepted, authorOf, bench, bodies, request, said } from "./Links.ts"
import { bytes, captured } from "./Wire.ts"

/** What a server of this version has written, and what it said it to. */
const wrote = (version: string, beginning: string): string =>
  captured.find((it) => it.version === version && !it.isFromClient && it.text.startsWith(beginning))!.text

/** A captured packet with other fields in these places. */
const but = (packet: string, fields: Readonly<Record<number, string>>): string =>
  packet
    .split("::")
    .map((field, index) => fields[index] ?? field)
    .join("::")

describe("TsockmExchange", () => {
  it("TsockmExchange welcomes 8 fields as 0.4.5 does, and 7 fields as the seed does with the body of later ones", () => {
    const { bring, connect } = bench()
    const [eight, seven] = [connect("127.0.0.1", 47800), connect("127.0.0.1", 54748)]
    bring(eight, request.connect(8, "alice"))
    bring(seven, request.connect(7, "bob"))
    assert.deepStrictEqual(eight.sent(), [
      but(wrote("0.4.5", "RES::COMM::200"), { 5: "127.0.0.1:6969", 7: "ID1|alice#SIG1" })
    ])
    assert.deepStrictEqual(seven.sent(), [but(wrote("seed", "RES::COMM::200"), { 6: "ID3|bob#SIG2" })])
  })

  it("TsockmExchange tells others by a public id, which is another than the secret one and cannot speak", () => {
    const { asked, deliver, enter, once } = bench()
    const [alice, bob, seed] = [enter(8, "alice"), enter(8, "bob"), enter(7, "carol")]
    deliver(bob, said("hello all", "alice", alice.number))
    deliver(seed, said("hello all", "alice", alice.number))
    const [heard = ""] = bob.link.sent()
    const shown = authorOf(heard)
    assert.notStrictEqual(shown, alice.secret)
    // Nobody learns where the others are.
    const words = { 5: "client", 6: "client" }
    assert.strictEqual(heard, but(wrote("0.4.5", "RES::MSG::200::SERVER"), { ...words, 4: shown, 7: "hello all" }))
    assert.deepStrictEqual(seed.link.sent(), [
      but(wrote("seed", "RES::MSG"), { 3: shown, 4: "client", 5: "client", 6: "hello all" })
    ])
    for (const [generation, answer] of [
      [7, "ERR::MSG::404::server::server::127.0.0.1:40003::peer not found"],
      [8, "ERR::MSG::404::SERVER::::127.0.0.1:6969::127.0.0.1:40004::peer not found"]
    ] as const) {
      assert.deepStrictEqual(once(request.of(generation, "MSG", shown, "forged")).sent(), [answer])
    }
    once(request.of(7, "COMM_END", shown))
    assert.deepStrictEqual(asked(), [])
  })

  it("TsockmExchange takes a secret from the address of its communication socket alone", () => {
    const { asked, ended, enter, once } = bench()
    const { key, link, secret } = enter(7, "alice", "192.0.2.1")
    for (const address of ["192.0.2.2", "127.0.0.1"]) {
      assert.match(once(request.of(7, "MSG", secret, "forged"), address).sent()[0]!, /^ERR::MSG::404::/)
      assert.match(once(request.of(8, "GET_PEER", secret, secret), address).sent()[0]!, /^ERR::GET_PEER::404::/)
      assert.deepStrictEqual(once(request.of(7, "COMM_END", secret), address).sent(), [])
    }
    assert.deepStrictEqual([asked(), ended(), link.sent()], [[], [], []])
    once(request.of(7, "MSG", secret, "mine"), "192.0.2.1")
    assert.deepStrictEqual(
      asked().map((it) => [it.key, it.command]),
      [[key, { _tag: "Say", text: "mine" }]]
    )
  })

  for (const generation of [7, 8] as const) {
    it(`TsockmExchange knows both spellings of an id, with ${generation} fields`, () => {
      const { asked, deliver, enter, once } = bench()
      const [alice, bob] = [enter(generation, "alice"), enter(7, "bob")]
      deliver(alice, said("hi", "bob", bob.number))
      const shown = authorOf(alice.link.sent()[0]!)
      for (const id of [alice.secret, `${alice.secret}|alice#${alice.signature}`]) {
        once(request.of(generation, "MSG", id, "hello"))
        assert.strictEqual(asked().length, 1)
        for (const [target, name] of [
          [shown, "bob"],
          [`${shown}|bob#${bob.signature}`, "bob"],
          [alice.secret, "alice"],
          [`${alice.secret}|alice#${alice.signature}`, "alice"]
        ] as const) {
          assert.deepStrictEqual(once(request.of(generation, "GET_PEER", id, target)).sent(), [])
          const { signature } = name === "bob" ? bob : alice
          assert.deepStrictEqual(bodies(alice.link.sent()), [`${name}#${signature}`])
        }
      }
    })
  }

  it("TsockmExchange answers GET_PEER on the communication socket, as 0.4.5 does", () => {
    const { enter, once } = bench()
    const alice = enter(8, "alice")
    const ends = { 5: "127.0.0.1:6969", 6: "127.0.0.1:40000" }
    assert.deepStrictEqual(once(request.of(8, "GET_PEER", alice.secret, alice.secret)).sent(), [])
    assert.deepStrictEqual(alice.link.sent(), [
      but(wrote("0.4.5", "RES::GET_PEER::200"), { ...ends, 7: `alice#${alice.signature}` })
    ])
    once(request.of(8, "GET_PEER", alice.secret, "nobody"))
    assert.deepStrictEqual(alice.link.sent(), [but(wrote("0.4.5", "ERR::GET_PEER::404"), ends)])
    const seed = enter(7, "seed")
    once(request.of(7, "GET_PEER", seed.secret, "nobody"))
    assert.deepStrictEqual(bodies(seed.link.sent()), ["unknown#0"])
  })

  it("TsockmExchange has a communication socket speak for itself, as `client`", () => {
    const { asked, bring, enter } = bench()
    for (const generation of [7, 8] as const) {
      const { key, link } = enter(generation, `user ${generation}`)
      bring(link, request.of(generation, "MSG", "client", "hello"))
      const [run] = asked()
      assert.deepStrictEqual([run?.key, run?.command], [key, { _tag: "Say", text: "hello" }])
      run?.reply(accepted)
      bring(link, request.of(generation, "GET_PEER", "client", "client"))
      assert.match(link.sent().join(), /^(RES::GET_PEER::200.*unknown#0|ERR::GET_PEER::404.*peer not found)$/)
    }
  })

  it("TsockmExchange refuses a message before a login with 405, and one of nobody with 404", () => {
    const { asked, faults, once } = bench()
    assert.deepStrictEqual(
      [
        ...once(request.of(7, "MSG", "client", "hello")).sent(),
        ...once(request.of(8, "MSG", "client", "hello")).sent(),
        ...once(request.of(7, "MSG", "nobody", "hello")).sent(),
        ...once(request.of(7, "MSG", "", "hello")).sent(),
        ...once(request.of(7, "NTFY_KILL", "client", "hello")).sent(),
        ...once("REQ::DANCE::200::client::client::client::x").sent()
      ],
      [
        "ERR::MSG::405::server::server::127.0.0.1:40000::METHOD_NOT_ALLOWED",
        "ERR::MSG::405::SERVER::::127.0.0.1:6969::127.0.0.1:40001::METHOD_NOT_ALLOWED",
        "ERR::MSG::404::server::server::127.0.0.1:40002::peer not found",
        "ERR::MSG::404::server::server::127.0.0.1:40003::peer not found",
        "ERR::NTFY_KILL::405::server::server::127.0.0.1:40004::METHOD_NOT_ALLOWED",
        but(wrote("seed", "ERR::NONE::400"), { 5: "127.0.0.1:40005" })
      ]
    )
    // The last three are no requests, whoever writes them.
    assert.deepStrictEqual([asked(), faults()], [[], 3])
  })

  it("TsockmExchange refuses a login on its connection and ends it, in either generation", () => {
    const { bring, connect, ended, faults, protocol } = bench({ doorman: () => new NameTaken() })
    for (const [generation, head] of [
      [7, "ERR::COMM::400::server::server::127.0.0.1:40000::"],
      [8, "ERR::COMM::400::SERVER::::127.0.0.1:6969::127.0.0.1:40001::"]
    ] as const) {
      const link = connect()
      bring(link, request.connect(generation, "alice"))
      assert.deepStrictEqual(link.sent(), [`${head}Username is already taken.`])
      assert.isTrue(link.isEnded())
      assert.isFalse(protocol.converse(link).hasSessions)
    }
    assert.deepStrictEqual([ended(), faults()], [[], 0])
  })

  it("TsockmExchange sends no error to a communication socket, but tells its peer as Server why it said nothing", () => {
    const { asked, bring, enter, faults, once } = bench()
    const alice = enter(8, "alice")
    bring(
      alice.link,
      "REQ::DANCE::200::CLIENT::x::x::x::x",
      "REQ::MSG::999::CLIENT::x::x::x::x",
      "NONE::::::::::::::::"
    )
    assert.strictEqual(faults(), 3)
    bring(alice.link, request.of(8, "MSG", "nobody", "x"), request.of(8, "GET_PEER", "nobody", "x"))
    assert.deepStrictEqual(alice.link.sent(), [])
    for (const [rejection, status] of [
      [new Flooding({ retryAfterMillis: 900 }), 400],
      [new StorageFailed(), 502]
    ] as const) {
      const oneShot = once(request.of(8, "MSG", alice.secret, "hello"))
      asked()[0]!.refuse(rejection)
      assert.match(oneShot.sent().join(), new RegExp(`^ERR::MSG::${status}::SERVER::::`))
      const [notice = ""] = alice.link.sent()
      assert.match(notice, /^RES::MSG::200::/)
      once(request.of(8, "GET_PEER", alice.secret, authorOf(notice)))
      assert.match(alice.link.sent().join(), /::Server#SIG\d+$/)
    }
    bring(alice.link, request.of(8, "MSG", "client", "hello"))
    asked()[0]!.refuse(new Flooding({ retryAfterMillis: 900 }))
    assert.deepStrictEqual(bodies(alice.link.sent()), ["Too many messages, wait 1 s."])
    // What the chat refuses is no fault, nor is what is asked of nobody.
    assert.strictEqual(faults(), 0)
  })

  it("TsockmExchange acknowledges to 8 fields alone, and on the one-shot alone", () => {
    const { asked, bring, enter, once } = bench()
    const [alice, seed] = [enter(8, "alice"), enter(7, "seed")]
    const oneShot = once(request.of(8, "MSG", alice.secret, "hello"))
    asked()[0]!.reply(accepted)
    const [answer = "", ...others] = oneShot.sent()
    const acknowledgement = wrote("0.4.5", "RES::MSG::200").replace(/::[^:]*$/, "::OK")
    assert.strictEqual(answer, but(acknowledgement, { 4: authorOf(answer), 5: "client", 6: "client" }))
    assert.deepStrictEqual(others, [])
    assert.notStrictEqual(authorOf(answer), alice.secret)
    bring(alice.link, request.of(8, "MSG", "client", "hello"))
    asked()[0]!.reply(accepted)
    const seeds = once(request.of(7, "MSG", seed.secret, "hello"))
    asked()[0]!.reply(accepted)
    assert.deepStrictEqual([alice.link.sent(), seed.link.sent(), seeds.sent()], [[], [], []])
  })

  it("TsockmExchange takes one login of a communication socket, also of two in one read", () => {
    const { asked, bring, close, connect, ended, enter, read } = bench()
    const alice = enter(7, "alice")
    bring(alice.link, request.connect(7, "bob"), request.connect(8, "carol"))
    assert.deepStrictEqual(alice.link.sent(), [])
    const link = connect()
    read(link, request.connect(7, "dave") + request.connect(7, "eve") + request.of(7, "MSG", "client", "hello"))
    bring(link, "")
    assert.deepStrictEqual(bodies(link.sent()), ["ID3|dave#SIG2"])
    assert.deepStrictEqual(
      asked().map(({ command }) => command),
      [{ _tag: "Say", text: "hello" }]
    )
    close(link)
    close(link)
    assert.deepStrictEqual(ended(), ["its connection is closed"])
  })

  it("TsockmExchange answers what comes behind a refused login in the same read", () => {
    const { asked, bring, connect, read } = bench({ doorman: () => new NameTaken() })
    const link = connect()
    read(link, request.connect(7, "dave") + request.of(7, "MSG", "client", "hello"))
    bring(link, "")
    const [run] = asked()
    run?.refuse(new NotLoggedIn())
    assert.deepStrictEqual(
      link.sent().map((packet) => packet.slice(0, 14)),
      ["ERR::COMM::400", "ERR::MSG::405:"]
    )
  })

  it("TsockmExchange logs out whoever logs in when its connection is closed already", () => {
    const { close, connect, conversationOf, ended, exchange, readerOf } = bench()
    const link = connect()
    assert.deepStrictEqual(readerOf(link).read(bytes(request.connect(7, "alice"))), [])
    const [packet] = readerOf(link).finish!()
    const [login] = conversationOf(link).receive(packet!)
    close(link)
    assert.strictEqual(login?._tag, "Login")
    const steps =
      login?._tag === "Login"
        ? login.accepted!({ number: 1, name: "a" as UserName, protocol: ProtocolName.make("tsockm") })
        : []
    assert.deepStrictEqual(
      steps.map(({ _tag }) => _tag),
      ["Logout"]
    )
    assert.deepStrictEqual([exchange.sweep(), link.sent(), ended().length], [[], [], 1])
  })

  it("TsockmExchange takes an answer to a check, and nothing else of what is no request", () => {
    const { ended, enter, faults, once } = bench()
    const { link, secret } = enter(7, "alice")
    const answer = once(`RES::COMM::200::${secret}::client::127.0.0.1:6969::OK`)
    assert.deepStrictEqual([answer.sent(), link.sent(), ended(), faults()], [[], [], [], 0])
    assert.deepStrictEqual(once("hello").sent(), [])
    assert.strictEqual(faults(), 1)
  })
})
