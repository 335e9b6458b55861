import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Event, Perspective } from "../../src/domain/Event.ts"
import { type Message, ProtocolName } from "../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../src/domain/Names.ts"
import { Backlog, lateLimitMillis } from "../../src/protocols/Backlog.ts"

const tsockm = ProtocolName.make("tsockm")
const message = (more?: Partial<Message>): Message => ({
  number: 1,
  from: "eve" as UserName,
  protocol: tsockm,
  text: "",
  atMillis: 0,
  ...more
})
const said: Event = { _tag: "Said", user: 9, message: message({ room: "general" as RoomName }) }
const whispered: Event = { _tag: "Said", user: 9, message: message({ to: "alice" as UserName }) }
const where = (number: number, room: string) => ({
  room: room as RoomName,
  user: { number, name: `user ${number}` as UserName, protocol: tsockm }
})
const came = (number: number, room = "general"): Event => ({
  _tag: "UserJoined",
  cause: "join",
  ...where(number, room)
})
const went = (number: number, room = "general"): Event => ({ _tag: "UserLeft", cause: "leave", ...where(number, room) })
const renamed: Event = {
  _tag: "UserRenamed",
  oldName: "eve" as UserName,
  user: { number: 9, name: "ada" as UserName, protocol: tsockm }
}

const gapMillis = 1000
// So many frames may be before one that is not late.
const inTime = lateLimitMillis / gapMillis

const make = (saysWhoIsThere = false) => {
  const backlog = new Backlog<string, string>({
    saysWhoIsThere,
    sizeBytes: (frame) => frame.length,
    gapMillis: () => gapMillis,
    lateMillis: (_, gapsMillis) => gapsMillis,
    notice: (text) => ({ frames: [`Server: ${text}`], mark: "server" })
  })
  const takeAll = () => {
    const frames: Array<string> = []
    for (let frame = backlog.take(); frame !== undefined; frame = backlog.take()) frames.push(frame)
    return frames
  }
  return {
    backlog,
    takeAll,
    push: (name: string, event?: Event, as: Perspective = "witness", count = 1) =>
      backlog.push(
        Array.from({ length: count }, (_, index) => (count === 1 ? name : `${name}.${index}`)),
        name,
        event,
        as
      )
  }
}

const line = (frame: string | undefined) => {
  const [, messages = "0"] = /(\d+) messages? /.exec(frame ?? "") ?? []
  const [, notices = "0"] = /(\d+) notices? of/.exec(frame ?? "") ?? []
  return { messages: Number(messages), notices: Number(notices) }
}

describe("Backlog.push()", () => {
  it("leaves out the oldest messages of a room when one would begin later than 5 s, and says so in their place", () => {
    const { push, takeAll } = make()
    for (let index = 0; index < 10; index++) push(`say ${index}`, said)
    const [first, ...others] = takeAll()
    assert.strictEqual(
      first,
      "Server: 5 messages were left out here, because more came than can be sent to you in time. /history shows what was said, /who who is here."
    )
    assert.deepStrictEqual(others, ["say 5", "say 6", "say 7", "say 8", "say 9"])
  })

  it("leaves out nothing of what begins in time", () => {
    const { push, takeAll } = make()
    for (let index = 0; index <= inTime; index++) push(String(index), said)
    assert.deepStrictEqual(takeAll(), ["0", "1", "2", "3", "4", "5"])
  })

  it("leaves out who came and went before any message, and the notice of who has done both first", () => {
    const { push, takeAll } = make()
    push("1 came", came(1))
    push("2 came", came(2))
    push("say 0", said)
    push("2 went", went(2))
    push("say 1", said)
    push("say 2", said)
    assert.deepStrictEqual(takeAll().length, 6)
    push("1 came", came(1))
    push("2 came", came(2))
    push("say 0", said)
    push("2 went", went(2))
    for (let index = 1; index < 4; index++) push(`say ${index}`, said)
    const [one, two, ...others] = takeAll()
    assert.strictEqual(one, "1 came")
    assert.deepStrictEqual(line(two), { messages: 0, notices: 2 })
    assert.deepStrictEqual(others, ["say 0", "say 1", "say 2", "say 3"])
  })

  it("leaves out no message for who comes and goes", () => {
    const { push, takeAll } = make()
    for (let index = 0; index < 5; index++) push(`say ${index}`, said)
    for (let number = 0; number < 50; number++) push(`${number} came`, came(number))
    const frames = takeAll()
    assert.deepStrictEqual(frames.slice(0, 5), ["say 0", "say 1", "say 2", "say 3", "say 4"])
    assert.deepStrictEqual(line(frames[5]), { messages: 0, notices: 50 })
    assert.strictEqual(frames.length, 6)
  })

  it("keeps the last news of each room where that says who is there, and new names", () => {
    const { push, takeAll } = make(true)
    for (let index = 0; index < 6; index++) push(`say ${index}`, whispered)
    push("renamed", renamed)
    for (let number = 0; number < 50; number++) {
      push(`${number} came`, came(number))
      push(`${number} came b`, came(number, "b"))
      push(`${number} went`, went(number))
    }
    const frames = takeAll()
    assert.strictEqual(frames[6], "renamed")
    assert.deepStrictEqual(line(frames[7]), { messages: 0, notices: 148 })
    assert.deepStrictEqual(frames.slice(8), ["49 came b", "49 went"])
  })

  it("leaves out messages that have several frames whole, and none that has begun", () => {
    const { backlog, push, takeAll } = make()
    push("long", said, "witness", 10)
    assert.strictEqual(backlog.take(), "long.0")
    for (let index = 0; index < 3; index++) push(`say ${index}`, said, "witness", 3)
    const frames = takeAll()
    assert.deepStrictEqual(
      frames.slice(0, 9),
      Array.from({ length: 9 }, (_, index) => `long.${index + 1}`)
    )
    assert.deepStrictEqual(line(frames[9]), { messages: 2, notices: 0 })
    assert.deepStrictEqual(frames.slice(10), ["say 2.0", "say 2.1", "say 2.2"])
  })

  it("begins another line when the last has begun", () => {
    const { backlog, push, takeAll } = make()
    for (let index = 0; index < 10; index++) push(`say ${index}`, said)
    assert.deepStrictEqual(line(backlog.take()), { messages: 5, notices: 0 })
    for (let index = 10; index < 14; index++) push(`say ${index}`, said)
    const frames = takeAll()
    assert.deepStrictEqual(line(frames[0]), { messages: 4, notices: 0 })
    assert.deepStrictEqual(frames.slice(1), ["say 9", "say 10", "say 11", "say 12", "say 13"])
  })

  it("keeps no more than what is in time, however many come and go", () => {
    const { backlog, push } = make()
    for (let index = 0; index < 10_000; index++) {
      push("came", came(index))
      push("say", said)
      if (index % 3 === 0) push("went", went(index))
      assert.isAtMost(backlog.frameCount, inTime + 2)
    }
  })
})

describe("Backlog.hasten()", () => {
  it("leaves out what would make anything later, from now on", () => {
    const { backlog, push, takeAll } = make()
    for (let index = 0; index < 5; index++) push(`say ${index}`, said)
    backlog.hasten(2000)
    push("farewell")
    const frames = takeAll()
    assert.deepStrictEqual(line(frames[0]), { messages: 4, notices: 0 })
    assert.deepStrictEqual(frames.slice(1), ["say 4", "farewell"])
  })
})

const kinds = ["text", "came", "went", "renamed", "direct", "echo", "own", "answer", "take"] as const
const Act = Schema.Struct({
  kind: Schema.Literals(kinds),
  user: Schema.Literals([1, 2, 3]),
  room: Schema.Literals(["general", "b"]),
  frameCount: Schema.Literals([1, 2, 4])
})
type Act = typeof Act.Type

const eventOf = ({ kind, room, user }: Act): readonly [event?: Event, as?: Perspective] => {
  switch (kind) {
    case "text":
      return [said, "witness"]
    case "came":
      return [came(user, room), "witness"]
    case "went":
      return [went(user, room), "witness"]
    case "renamed":
      return [renamed, "witness"]
    case "direct":
      return [whispered, "witness"]
    case "echo":
      return [said, "actor"]
    case "own":
      return [came(user, room), "actor"]
    case "answer":
    case "take":
      return []
  }
}

const isPresence = ({ kind }: Act) => kind === "came" || kind === "went" || kind === "renamed"

describe("Backlog", () => {
  for (const saysWhoIsThere of [false, true]) {
    it.prop(
      `tells or counts everything, in order and whole, and leaves out only what may be${saysWhoIsThere ? ", with who is there" : ""}`,
      [Schema.Array(Act).check(Schema.isMaxLength(120))],
      ([acts]) => {
        const { backlog, push, takeAll } = make(saysWhoIsThere)
        const frames: Array<string> = []
        acts.forEach((act, index) => {
          if (act.kind === "take") {
            const frame = backlog.take()
            if (frame !== undefined) frames.push(frame)
            return
          }
          const [event, as] = eventOf(act)
          push(`${index}.`, event, as, act.frameCount)
        })
        frames.push(...takeAll())
        assert.deepStrictEqual([backlog.frameCount, backlog.sizeBytes, backlog.gapsMillis], [0, 0, 0])
        const lines = frames.filter((frame) => frame.startsWith("Server")).map(line)
        const told = frames.filter((frame) => !frame.startsWith("Server"))
        const heard = new Set(told.map((frame) => Number.parseInt(frame)))
        const whole = [...heard].flatMap((index) => {
          const { frameCount } = acts[index]!
          return frameCount === 1
            ? [`${index}.`]
            : Array.from({ length: frameCount }, (_, frame) => `${index}..${frame}`)
        })
        assert.deepStrictEqual(told, whole)
        assert.deepStrictEqual(
          [...heard],
          [...heard].toSorted((one, two) => one - two)
        )
        const missed = acts.filter((act, index) => act.kind !== "take" && !heard.has(index))
        const [texts, others] = [missed.filter(({ kind }) => kind === "text"), missed.filter(isPresence)]
        assert.strictEqual(texts.length + others.length, missed.length)
        assert.strictEqual(
          lines.reduce((sum, { messages }) => sum + messages, 0),
          texts.length
        )
        assert.strictEqual(
          lines.reduce((sum, { notices }) => sum + notices, 0),
          others.length
        )
        if (!saysWhoIsThere) return
        assert.isTrue(missed.every(({ kind }) => kind !== "renamed"))
        for (const room of ["general", "b"]) {
          const last = acts.findLastIndex((act) => (act.kind === "came" || act.kind === "went") && act.room === room)
          assert.isTrue(last < 0 || heard.has(last))
        }
      }
    )
  }
})
