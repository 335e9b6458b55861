/** What each protocol says of what a policy refuses, through peers in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Redacted, Stream } from "effect"
import * as PacketCodec from "../../src/protocols/packet/PacketCodec.ts"
import type { Protocol } from "../../src/protocols/Protocol.ts"
import { jsonOf, type SocketIoPacket } from "../../src/protocols/SocketIoPacket.ts"
import { Operator } from "../../src/services/Operator.ts"
import { type Hooks, Policy } from "../../src/services/Policy.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import { Peer } from "../../src/testing/mod.ts"
import type { Subject } from "../../src/testing/Subject.ts"
import { Connections } from "../../src/transports/Connections.ts"
import { WireLog } from "../../src/transports/WireLog.ts"
import { wireText } from "../../src/app/WireText.ts"
import { response } from "../protocols/packet/Links.ts"
import * as Toss from "../protocols/toss/Client.ts"
import * as Subjects from "./Subjects.ts"

const code = "not-here"
const reason = "Not in this house."
const refuse = () => Policy.refuse({ code, reason })

interface Row<In, Packet, Frame, Key extends object> {
  readonly subject: Subject<In, Packet, Frame, Key>
  /** A frame in words. */
  readonly shown: (frame: Frame) => string
  /** What a refused connection is told; nothing if it is closed without a word. */
  readonly connect: string | undefined
  /** What a refused login is told, then a refused text, also a command of its own. */
  readonly login: string
  readonly message: string
  /** The reads by which a file is sent, and what a refused one is told. */
  readonly upload?: { readonly reads: (welcome: Frame) => ReadonlyArray<In>; readonly told: string } | undefined
  /** The reads of a login with a password. */
  readonly password?: ((name: string, password: unknown) => ReadonlyArray<In>) | undefined
}

const row = <In, Packet, Frame, Key extends object>(it: Row<In, Packet, Frame, Key>) => it

const utf8 = new TextEncoder()
const text = (frame: unknown): string => (frame instanceof Uint8Array ? Buffer.from(frame).toString() : String(frame))
const json = (value: unknown): Uint8Array => utf8.encode(JSON.stringify(value))
const event = (name: string, ...args: ReadonlyArray<unknown>): SocketIoPacket => ({ _tag: "Event", name, args })
const packetText = (frame: Uint8Array): string =>
  JSON.stringify(response(frame), (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value))
const sessionOf = (frame: Uint8Array): bigint => {
  const cookie = response(frame)
  return cookie._tag === "SessionCookie" ? cookie.session : 0n
}
const rows = {
  toss: row({
    subject: Subjects.toss,
    shown: text,
    connect: reason,
    login: `${reason};;policy|`,
    message: `message: ${reason}`,
    upload: {
      reads: () => [Toss.announced(Toss.message("see", { name: "a.txt", content: utf8.encode("hello") }))],
      told: `attachment: ${reason}`
    },
    password: (username, password) => [json({ action: "log-in", data: { username, password } })]
  }),
  tsockm: row({
    subject: Subjects.tsockm,
    shown: text,
    connect: undefined,
    login: `ERR::COMM::400::`,
    message: reason
  }),
  chatmaster: row({
    subject: Subjects.chatmaster,
    shown: text,
    connect: `{"type":"error","data":{"error_type":"connection","message":"${reason}","code":"${code}"}}`,
    login: `{"type":"session","data":{"status":false,"reason":"${reason}","code":"${code}"}}`,
    message: `{"type":"error","data":{"error_type":"message","message":"${reason}","code":"${code}"}}`,
    password: (username, password) => [
      json({ type: "command", data: { command: "login", parameters: { username, password } } })
    ]
  }),
  packet: row({
    subject: Subjects.packet,
    shown: packetText,
    connect: `{"_tag":"Error","requestType":0,"code":14,"text":"${reason}"}`,
    login: `{"_tag":"Error","requestType":1,"code":14,"text":"${reason}"}`,
    message: `{"_tag":"Error","requestType":11,"code":14,"text":"${reason}"}`,
    upload: {
      reads: (welcome) => [
        PacketCodec.writeRequest({ _tag: "UploadRequest", session: sessionOf(welcome), sizeBytes: 5, name: "a.txt" })
      ],
      told: `{"_tag":"Error","requestType":15,"code":14,"text":"${reason}"}`
    }
  }),
  sockets: row({
    subject: Subjects.sockets,
    shown: (frame) => (frame._tag === "Event" ? jsonOf(frame) : frame._tag),
    connect: `["error",{"code":"${code}","message":"${reason}"}]`,
    login: `["error",{"code":"${code}","message":"${reason}","event":"register"}]`,
    message: `["error",{"code":"${code}","message":"${reason}","event":"message"}]`,
    upload: {
      reads: () => [event("upload", { name: "a.txt", size: 5 })],
      told: `["error",{"code":"${code}","message":"${reason}","event":"upload"}]`
    },
    password: (name, password) => [event("register", { name, password })]
  })
}

const provide = (hooks: Hooks) =>
  Effect.provide(Operator.layer.pipe(Layer.provideMerge(Peer.layer()), Layer.provide(Policy.layer(hooks))))

const begin = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const check = <In, Packet, Frame, Key extends object>(name: string, row: Row<In, Packet, Frame, Key>): void => {
  const { connect, login, message, password, shown, subject, upload } = row
  const open = (protocol: Protocol<In, Packet, Frame, Key>) => (subject.connect ?? Peer.connect)(protocol)
  const untilTold = (peer: Peer.Peer<In, Frame>, told: string) => peer.takeUntil((frame) => shown(frame).includes(told))

  /** A peer that is logged in, and its welcome. */
  const enter = Effect.fnUntraced(function* (protocol: Protocol<In, Packet, Frame, Key>, user: string) {
    const peer = yield* open(protocol)
    yield* peer.send(...subject.login(user))
    return { peer, welcome: yield* peer.takeUntil(subject.isWelcome) }
  })

  describe(`${name} with a policy`, () => {
    it.effect("tells a peer that may not connect why, and ends its connection", () =>
      Effect.gen(function* () {
        const peer = yield* Peer.connect(subject.make(), { address: "192.0.2.1" })
        yield* peer.over
        const told = peer.writes.flat().map(shown).join("\n")
        if (connect === undefined) assert.strictEqual(told, "")
        else assert.include(told, connect)
        yield* peer.send(...subject.login("alice"))
        assert.strictEqual((yield* Sessions).count(), 0)
      }).pipe(
        provide({
          connect: ({ address, protocol }) => (address === "192.0.2.1" && protocol === name ? refuse() : Effect.void)
        })
      )
    )

    it.effect("serves a peer when it may connect, and not before", () => {
      const answer = Deferred.makeUnsafe<void>()
      return Effect.gen(function* () {
        const protocol = subject.make()
        const peer = yield* open(protocol)
        const gone = yield* Effect.scoped(Effect.as(Peer.connect(protocol), true))
        assert.deepStrictEqual([gone, peer.writes.length], [true, 0])
        yield* Deferred.succeed(answer, undefined)
        yield* peer.send(...subject.login("alice"))
        yield* peer.takeUntil(subject.isWelcome)
      }).pipe(provide({ connect: () => Deferred.await(answer) }))
    })

    it.effect("tells why a login is refused, after which another name is welcome", () =>
      Effect.gen(function* () {
        const peer = yield* open(subject.make())
        yield* peer.send(...subject.login("mallory"))
        const told = shown(yield* untilTold(peer, login))
        assert.include(told, reason)
        yield* peer.send(...subject.login("alice"))
        yield* peer.takeUntil(subject.isWelcome)
      }).pipe(provide({ login: ({ name }) => (name === "mallory" ? refuse() : Effect.void) }))
    )

    it.effect("tells why a message or a room is refused, says another text instead, and answers own commands", () =>
      Effect.gen(function* () {
        const bob = yield* Visitor.make("bob")
        const { peer, welcome } = yield* enter(subject.make(), "alice")
        for (const said of ["spam", "/join attic", "/no"]) {
          yield* peer.send(subject.say(said, welcome))
          yield* untilTold(peer, message)
        }
        yield* peer.send(subject.say("/dice", welcome))
        yield* peer.takeUntil((frame) => subject.heard(frame)?.text === "four" || shown(frame).includes("four"))
        yield* peer.send(subject.say("darn", welcome))
        const heard = yield* bob.heard.pipe(
          Stream.filter(({ event }) => event._tag === "Said"),
          Stream.take(1),
          Stream.runCollect
        )
        assert.include(JSON.stringify(heard), `"text":"****"`)
      }).pipe(
        provide({
          join: () => refuse(),
          message: ({ text }) => (text === "spam" ? refuse() : Effect.succeed(text.replace("darn", "****"))),
          commands: [
            { name: "dice", help: "throw a die", handler: () => Effect.succeed("four") },
            { name: "no", help: "be refused", handler: () => refuse() }
          ]
        })
      )
    )

    it.effect("lets nobody in who is hung up on while the policy is asked", () => {
      const asked = Deferred.makeUnsafe<void>()
      return Effect.gen(function* () {
        const peer = yield* open(subject.make())
        yield* peer.send(...subject.login("alice"))
        yield* Deferred.await(asked)
        const connections = yield* Connections
        yield* begin(connections.stop)
        yield* peer.over
        const { count } = yield* Sessions
        assert.strictEqual(count(), 0)
      }).pipe(provide({ login: () => Effect.andThen(Deferred.succeed(asked, undefined), Effect.never) }))
    })

    it.effect("says nothing of whom the operator ends while the policy is asked, and serves others meanwhile", () => {
      const asked = Deferred.makeUnsafe<void>()
      const answer = Deferred.makeUnsafe<void>()
      return Effect.gen(function* () {
        const { peer, welcome } = yield* enter(subject.make(), "alice")
        const bob = yield* Visitor.make("bob")
        yield* begin(peer.send(subject.say("late", welcome)))
        yield* Deferred.await(asked)
        yield* bob.run({ _tag: "Say", text: "meanwhile" })
        const { kill } = yield* Operator
        yield* kill({ _tag: "One", peer: "alice" })
        yield* Deferred.succeed(answer, undefined)
        for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow
        yield* bob.run({ _tag: "Say", text: "done" })
        const heard = yield* bob.heard.pipe(
          Stream.filter(({ event }) => event._tag === "Said"),
          Stream.take(2),
          Stream.runCollect
        )
        assert.deepStrictEqual(
          heard.map(({ event }) => event._tag === "Said" && event.message.text),
          ["meanwhile", "done"]
        )
      }).pipe(
        provide({
          message: ({ text }) =>
            text === "late" ? Effect.andThen(Deferred.succeed(asked, undefined), Deferred.await(answer)) : Effect.void
        })
      )
    })

    if (upload !== undefined) {
      it.effect("tells why a file is refused", () =>
        Effect.gen(function* () {
          const { peer, welcome } = yield* enter(subject.make(), "alice")
          yield* peer.send(...upload.reads(welcome))
          yield* untilTold(peer, upload.told)
        }).pipe(provide({ upload: ({ sizeBytes }) => (sizeBytes === 5 ? refuse() : Effect.void) }))
      )
    }

    if (password !== undefined) {
      it.effect("hands on a password, shows it nowhere, and takes none that is malformed", () => {
        const lines: Array<string> = []
        const record = (...given: Parameters<typeof wireText>) => lines.push(wireText(...given))
        return Effect.gen(function* () {
          const peer = yield* open(subject.make())
          for (const wrong of [1, "x".repeat(257), "wrong-secret"]) {
            yield* peer.send(...password("alice", wrong))
            yield* peer.takeUntil(subject.isRefusal)
          }
          yield* peer.send(...password("alice", "open-sesame"))
          yield* peer.takeUntil(subject.isWelcome)
          assert.isTrue(lines.some((line) => line.includes("alice") && line.includes("<redacted>")))
          assert.notMatch(lines.join("\n"), /wrong-secret|open-sesame|xxx/)
        }).pipe(
          provide({
            login: ({ credential }) =>
              credential !== undefined && Redacted.value(credential) === "open-sesame" ? Effect.void : refuse()
          }),
          Effect.provideService(WireLog, { record })
        )
      })
    }
  })
}

check("toss", rows.toss)
check("tsockm", rows.tsockm)
check("chatmaster", rows.chatmaster)
check("packet", rows.packet)
check("sockets", rows.sockets)
