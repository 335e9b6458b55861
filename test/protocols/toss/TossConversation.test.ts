import { assert, describe, it } from "@effect/vitest"
import type { Command } from "../../../src/domain/Command.ts"
import { ProtocolName } from "../../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../../src/domain/Names.ts"
import {
  AlreadyLoggedIn,
  FileTooLarge,
  Flooding,
  NameTaken,
  NotLoggedIn,
  type Rejection,
  StorageFailed,
  UploadBroken,
  UploadsTooLarge
} from "../../../src/domain/Rejection.ts"
import type { ByteFrame } from "../../../src/protocols/Protocol.ts"
import type { Step, Steps } from "../../../src/protocols/Step.ts"
import * as TossConversation from "../../../src/protocols/toss/TossConversation.ts"
import type { TossPacket } from "../../../src/protocols/toss/TossPacket.ts"
import * as TossProtocol from "../../../src/protocols/toss/TossProtocol.ts"
import * as Client from "./Client.ts"
import { cut } from "../Cut.ts"
import { bytes, captured, glue } from "./Wire.ts"

const epoch = "1970-01-01T00:00:00.000Z"

/** A conversation, and the reader of what its peer sends. */
const converse = (gapMillis = 60) => {
  const protocol = TossProtocol.make({ nowMillis: () => 0, gapMillis })
  const reader = protocol.reader()
  const conversation = protocol.converse()
  const receiveAll = (packets: ReturnType<typeof reader.read>): Steps<ByteFrame> =>
    packets.flatMap((packet) => conversation.receive(packet))
  return {
    receive: (bytes: Uint8Array) => receiveAll(reader.read(bytes)),
    finish: () => receiveAll(reader.finish!()),
    present: conversation.present.bind(conversation),
    farewell: conversation.farewell.bind(conversation),
    get readTimeoutMillis() {
      return reader.readTimeoutMillis
    },
    get isPaced() {
      return conversation.isPaced
    },
    get variant() {
      return conversation.variant
    }
  }
}

const welcome = {
  _tag: "LoggedIn",
  user: { number: 1, name: "alice" as UserName, protocol: ProtocolName.make("toss") },
  rooms: []
} as const

const loggedIn = (gapMillis?: number) => {
  const conversation = converse(gapMillis)
  conversation.present(welcome)
  return conversation
}

const text = (frame: ByteFrame): string => Buffer.from(frame as Uint8Array).toString()

/** What frames say, without announcements. */
const said = (frames: ReadonlyArray<ByteFrame>): ReadonlyArray<Client.Response> => {
  const reader = Client.reader()
  return frames
    .flatMap((frame) => reader.push(frame as Uint8Array))
    .filter(({ action, status }) => action !== "chunks" || status !== 100)
}

/** A step in few words, what it sends decoded. */
const plainly = (step: Step<ByteFrame>): unknown => {
  switch (step._tag) {
    case "Send": {
      const { frame, holdMillis } = step
      return holdMillis === undefined ? { send: text(frame) } : { acknowledge: text(frame), holdMillis }
    }
    case "Release":
      return "release"
    case "Login":
    case "Reserve":
      return { login: step.name }
    case "Run":
      return { run: step.command }
    case "Hangup":
      return { hangup: step.reason }
    case "Logout":
    case "Fault":
      return step._tag
  }
}

const receive = (conversation: ReturnType<typeof converse>, ...reads: ReadonlyArray<Uint8Array>) =>
  reads.flatMap((read) => conversation.receive(read)).map(plainly)

const acknowledge = { acknowledge: Client.acknowledgement, holdMillis: 2000 }
const say = (command: Partial<Command & { _tag: "Say" }>) => ({ run: { _tag: "Say", text: "", ...command } })

const runOf = (steps: ReadonlyArray<Step<ByteFrame>>) => {
  const run = steps.find((step) => step._tag === "Run")
  assert.isDefined(run)
  return run
}

const framesOf = (steps: ReadonlyArray<Step<ByteFrame>>): ReadonlyArray<ByteFrame> =>
  steps.flatMap((step) => (step._tag === "Send" && step.holdMillis === undefined ? [step.frame] : []))

const errorsOf = (steps: ReadonlyArray<Step<ByteFrame>>) =>
  said(framesOf(steps)).map(({ action, data, status }) => [status, action, data?.errors])

describe("TossConversation", () => {
  it("acknowledges an announcement, holds what else there is, and goes on when the body comes", () => {
    const conversation = converse()
    const request = Client.logIn("alice")
    assert.deepStrictEqual(receive(conversation, Client.announce(request)), [acknowledge])
    assert.deepStrictEqual(receive(conversation, request.subarray(0, 10)), ["release"])
    assert.deepStrictEqual(receive(conversation, request.subarray(10)), ["release", { login: "alice" }])
    assert.isTrue(conversation.isPaced)
  })

  it("acknowledges what comes right behind a body, and still takes the peer for the original", () => {
    const conversation = loggedIn()
    const [one, two] = [Client.message("one"), Client.message("two")]
    const steps = receive(conversation, Client.announce(one), glue(one, Client.announce(two)), two)
    assert.deepStrictEqual(steps, [
      acknowledge,
      "release",
      say({ text: "one" }),
      acknowledge,
      "release",
      say({ text: "two" })
    ])
    assert.isTrue(conversation.isPaced)
  })

  it("holds nothing for a peer that does not wait, and paces it no more", () => {
    const conversation = loggedIn()
    const request = Client.message("hello")
    assert.deepStrictEqual(receive(conversation, Client.announced(request)), [
      acknowledge,
      "release",
      say({ text: "hello" })
    ])
    assert.isFalse(conversation.isPaced)
  })

  it("serves requests that nothing announces, many in one read, and paces their peer no more", () => {
    const conversation = loggedIn()
    const steps = receive(conversation, glue(Client.message("one"), Client.message("two")))
    assert.deepStrictEqual(steps, [say({ text: "one" }), say({ text: "two" })])
    assert.isFalse(conversation.isPaced)
    assert.isFalse(loggedIn(0).isPaced)
  })

  it("acknowledges an announcement that it refuses, and says why", () => {
    const conversation = converse()
    const steps = conversation.receive(bytes("action|l6|chunks;data|s12|chunks|n1|0;;"))
    assert.deepStrictEqual(plainly(steps[0]!), acknowledge)
    assert.deepStrictEqual(errorsOf(steps), [[200, "chunks", { data: ["chunks: must be a positive Integer"] }]])
    assert.isTrue(conversation.isPaced)
    assert.strictEqual(receive(conversation, bytes("action"))[0], "release")
  })

  it("says what the original says to a log-in", () => {
    const conversation = converse()
    const step = conversation.receive(Client.logIn("alice"))[0]!
    assert.strictEqual(step._tag, "Login")
    const refused = (rejection: Rejection) => errorsOf(step._tag === "Login" ? step.refused(rejection) : [])
    assert.deepStrictEqual(refused(new NameTaken()), [
      [200, "log-in", { username: ["User with username alice already exists"] }]
    ])
    assert.strictEqual(step._tag === "Login" && step.refused(new AlreadyLoggedIn())[0]?._tag, "Run")
    assert.deepStrictEqual(said(conversation.present(welcome)), [
      { action: "log-in", status: 100, data: { time: epoch } }
    ])
    const again = conversation.receive(Client.logIn("bob"))
    assert.deepStrictEqual(again.map(plainly), [{ run: { _tag: "Rename", name: "bob" } }])
    assert.deepStrictEqual(said(framesOf(runOf(again).replied({ _tag: "Done" }))), [
      { action: "log-in", status: 100, data: { time: epoch } }
    ])
  })

  it("stores an attachment while it comes, and says it when it is whole", () => {
    const conversation = loggedIn()
    const request = Client.message("look", { name: "../a|b.txt", content: bytes("0123456789") })
    const name = "../a|b.txt"
    const steps = cut(glue(Client.announce(request), request), 120).flatMap((piece) => receive(conversation, piece))
    const runs = steps.filter((step) => typeof step === "object" && step !== null && "run" in step)
    assert.deepStrictEqual(runs, [
      { run: { _tag: "BeginUpload", key: 1, sizeBytes: 10 } },
      { run: { _tag: "WriteUpload", key: 1, atByte: 0, bytes: bytes("0123456789") } },
      say({ text: "look", upload: { key: 1, name } })
    ])
  })

  it("writes the pieces of a file where they belong, wherever reads end", () => {
    const content = bytes("the quick brown fox")
    const request = Client.message("", { name: "fox.txt", content })
    for (const size of [1, 2, 3, 7, 30]) {
      const conversation = loggedIn()
      const written = Buffer.alloc(content.length)
      for (const piece of cut(request, size)) {
        for (const step of conversation.receive(piece)) {
          if (step._tag !== "Run" || step.command._tag !== "WriteUpload") continue
          written.set(step.command.bytes, step.command.atByte)
        }
      }
      assert.strictEqual(written.toString(), "the quick brown fox")
    }
  })

  it("drops what no request takes", () => {
    const conversation = loggedIn()
    const steps = receive(conversation, bytes("action|l5|dance;data|s20|attachment|f2|hia.b;;"))
    assert.deepStrictEqual(
      steps.filter((step) => typeof step === "object" && step !== null && "run" in step),
      [
        { run: { _tag: "BeginUpload", key: 1, sizeBytes: 2 } },
        { run: { _tag: "WriteUpload", key: 1, atByte: 0, bytes: bytes("hi") } },
        { run: { _tag: "DropUpload", key: 1 } }
      ]
    )
    assert.deepStrictEqual(receive(conversation, bytes("x|f2|hia.b;action|l5|dance;data|x;")).slice(2), [])
  })

  it("tells why a file could not be taken, in the terms of the request", () => {
    const refused = (cause: Rejection) => {
      const conversation = loggedIn()
      const steps = conversation.receive(Client.message("", { name: "a", content: bytes("hello") }))
      const [begin, , message] = steps.filter((step) => step._tag === "Run")
      begin!.refused(cause)
      return errorsOf(message!.refused(new UploadBroken()))
    }
    assert.deepStrictEqual(refused(new FileTooLarge({ limitBytes: 3 })), [
      [200, "send-message", { data: ["attachment: File is larger than 3 bytes."] }]
    ])
    assert.deepStrictEqual(refused(new UploadsTooLarge({ limitBytes: 3 })), [
      [200, "send-message", { data: ["attachment: Only 3 bytes of files can be sent at a time."] }]
    ])
    assert.deepStrictEqual(refused(new StorageFailed()), [[202, undefined, { _err: ["Server error"] }]])
  })

  it("refuses in the terms of the request", () => {
    const refused = (rejection: Rejection) =>
      errorsOf(runOf(loggedIn().receive(Client.message("hello"))).refused(rejection))
    assert.deepStrictEqual(refused(new NotLoggedIn()), [
      [200, "send-message", { username: ["You are not logged in."] }]
    ])
    assert.deepStrictEqual(refused(new Flooding({ retryAfterMillis: 500 })), [
      [200, "send-message", { data: ["message: Too many messages, wait 1 s."] }]
    ])
  })

  it("confirms a direct message, which is not said to its author", () => {
    const run = runOf(loggedIn().receive(Client.message("/msg bob hi")))
    const message = {
      number: 1,
      from: "alice" as UserName,
      to: "bob" as UserName,
      protocol: ProtocolName.make("toss"),
      text: "hi",
      atMillis: 0
    } as const
    assert.deepStrictEqual(said(framesOf(run.replied({ _tag: "Accepted", message }))), [
      {
        action: "send-message",
        status: 100,
        data: { message: "(private to bob) hi", username: "alice", time: epoch }
      }
    ])
    assert.deepStrictEqual(run.replied({ _tag: "Done" }), [])
  })

  it("confirms a message by the very frame that the others get", () => {
    const protocol = TossProtocol.make({ nowMillis: () => 0 })
    const messages = [1, 2].map((number) => ({
      number,
      from: "alice" as UserName,
      room: "general" as RoomName,
      protocol: ProtocolName.make("toss"),
      text: `message ${number}`,
      atMillis: 0
    }))
    const heard = messages.map((message) => protocol.render({ _tag: "Said", message, user: 1 }, "witness", 0))
    const confirmed = messages.toReversed().map((message) => {
      const run = runOf(
        protocol
          .reader()
          .read(Client.message(message.text))
          .flatMap((packet) => protocol.converse().receive(packet))
      )
      return framesOf(run.replied({ _tag: "Accepted", message }))
    })
    assert.deepStrictEqual(confirmed.toReversed(), heard)
    assert.strictEqual(confirmed[0]![0], heard[1]![0])
  })

  it("answers JSON in JSON, announcement and message apart", () => {
    const conversation = converse()
    const steps = receive(conversation, bytes(`{"action":"chunks","data":{"chunks":48}}`))
    assert.deepStrictEqual(steps, [{ acknowledge: `{"action":"chunks","status":101}`, holdMillis: 2000 }])
    const request = bytes(`{"action":"log-in","data":{"username":"alice"}} `)
    assert.deepStrictEqual(receive(conversation, request), ["release", { login: "alice" }])
    const frames = conversation.present(welcome).map(text)
    assert.deepStrictEqual(frames, [
      `{"action":"chunks","data":{"chunks":${frames[1]!.length}},"status":100}`,
      `{"action":"log-in","status":100,"data":{"time":"${epoch}"}}`
    ])
    assert.strictEqual(conversation.variant, 1)
    assert.isTrue(conversation.isPaced)
  })

  it("waits for the rest of a request, and longer while a file comes", () => {
    const conversation = loggedIn()
    assert.isUndefined(conversation.readTimeoutMillis)
    conversation.receive(bytes("action|l6|log"))
    assert.strictEqual(conversation.readTimeoutMillis, 200)
    assert.deepStrictEqual(errorsOf(conversation.finish()), [[201, undefined, { _err: ["Unexpected end of input"] }]])
    assert.isUndefined(conversation.readTimeoutMillis)
    conversation.receive(bytes("action|l6|log-in;"))
    assert.strictEqual(conversation.readTimeoutMillis, 200)
    assert.deepStrictEqual(errorsOf(conversation.finish()), [[200, "log-in", { data: ["This field is required"] }]])
    conversation.receive(bytes("data|s40|attachment|f20|hello"))
    assert.strictEqual(conversation.readTimeoutMillis, 10_000)
    assert.deepStrictEqual(conversation.finish().slice(-1).map(plainly), [{ run: { _tag: "DropUpload", key: 1 } }])
    conversation.receive(Client.announce(Client.message("hello")))
    assert.isUndefined(conversation.readTimeoutMillis)
  })

  it("serves the original's captured requests", () => {
    const byConnection = new Map<string, ReturnType<typeof converse>>()
    const tags: Array<string> = []
    for (const { bytes, connection, isFromClient } of captured) {
      if (!isFromClient) continue
      const conversation = byConnection.get(connection) ?? converse()
      byConnection.set(connection, conversation)
      for (const step of conversation.receive(bytes)) {
        tags.push(step._tag)
        if (step._tag === "Login") conversation.present(welcome)
      }
      assert.isTrue(conversation.isPaced)
    }
    assert.notInclude(tags, "Hangup")
    assert.include(tags, "Login")
    assert.isAbove(tags.filter((tag) => tag === "Run").length, 2)
  })

  it("says farewell in its own terms", () => {
    assert.deepStrictEqual(loggedIn().farewell("stopping"), [])
    assert.deepStrictEqual(said(converse().farewell("login-timeout")), [
      { status: 201, data: { errors: { _err: ["The connection is closed: no login in time."] } } }
    ])
    assert.strictEqual(said(loggedIn().farewell("killed"))[0]?.data?.username, "Server")
  })

  const written = { variant: "slip", isAnnounced: false, hasMore: false } as const
  const chunks = { _tag: "Request", request: { _tag: "Chunks", chunks: 5 }, ...written } as const
  const hello = { _tag: "Request", request: { _tag: "SendMessage", message: "hello" }, ...written } as const
  const refused = (isAnnouncement: boolean) =>
    ({
      _tag: "Refused",
      refusal: { _tag: "Refused", errors: { action: ["wrong"] }, isAnnouncement },
      ...written
    }) as const
  const failed = { _tag: "Failed", failure: { _tag: "Failed", status: 201, detail: "wrong" }, ...written } as const

  /** The kinds of the steps that packets are answered by, and whether their peer may be the original. */
  const answered = (...packets: ReadonlyArray<TossPacket>): readonly [string, boolean] => {
    const settings = { isPacing: true, now: () => new Date(0), said: () => [] }
    const conversation = TossConversation.make(settings)
    const tags = packets.flatMap((packet) => conversation.receive(packet)).map(({ _tag }) => _tag)
    return [tags.join(" "), conversation.isPaced]
  }

  it("takes packets, whoever has read them", () => {
    assert.deepStrictEqual(answered(chunks), ["Send", true])
    assert.deepStrictEqual(answered({ _tag: "Continued" }), ["Release", true])
    assert.deepStrictEqual(answered({ ...hello, isAnnounced: true }), ["Run", true])
    assert.deepStrictEqual(answered(hello), ["Run", false])
    assert.deepStrictEqual(answered({ ...hello, hasMore: true, isAnnounced: true }), ["Run", true])
    assert.deepStrictEqual(answered({ ...chunks, hasMore: true }), ["Send Release", false])
    assert.deepStrictEqual(answered(refused(true)), ["Send Fault Send", true])
    assert.deepStrictEqual(answered({ ...refused(true), hasMore: true }), ["Send Fault Send Release", false])
    assert.deepStrictEqual(answered(refused(false)), ["Fault Send", false])
    assert.deepStrictEqual(answered({ ...refused(false), isAnnounced: true }), ["Fault Send", true])
    assert.deepStrictEqual(answered(failed), ["Fault Send", false])
    assert.deepStrictEqual(answered({ ...failed, isAnnounced: true }), ["Fault Send", true])
  })

  it("drops a file that the packet behind it does not take", () => {
    const began: TossPacket = { _tag: "FileBegan", ordinal: 1, path: ["data", "attachment"], sizeBytes: 2 }
    const pieces: ReadonlyArray<TossPacket> = [
      { _tag: "FilePiece", ordinal: 1, bytes: bytes("hi") },
      { _tag: "FileEnded", ordinal: 1, name: "a" }
    ]
    for (const last of [hello, refused(false), failed]) {
      const [tags] = answered(began, ...pieces, last)
      assert.strictEqual(tags, last === hello ? "Run Run Run Run" : "Run Run Fault Send Run")
    }
    assert.deepStrictEqual(answered({ ...began, path: ["data", "other"] }, ...pieces, failed), ["Fault Send", false])
  })

  it("takes a peer that does not wait for the refusal of its announcement for another one", () => {
    const conversation = converse()
    const steps = conversation.receive(bytes("action|l6|chunks;data|s12|chunks|n1|0;;act"))
    assert.deepStrictEqual(
      steps.map(({ _tag }) => _tag),
      ["Send", "Fault", "Send", "Release"]
    )
    assert.isFalse(conversation.isPaced)
  })
})
