/** What PROTOCOL.md § 5 has to say of a request, put another way than the server puts it. */
import { assert } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as PillowRequest from "../../../src/protocols/toss/PillowRequest.ts"
import { file, isFile, isRecord, type SlipRecord, type SlipValue } from "../../../src/protocols/toss/SlipValue.ts"
import { bytes, record } from "./Wire.ts"

const simple: ReadonlyArray<SlipValue> = [
  "",
  "hello",
  0,
  1,
  5,
  -1,
  1.5,
  4_294_967_296,
  4_294_967_297,
  Number.NaN,
  true,
  false,
  null,
  new Date(0),
  [],
  file("a.png", bytes("hello")),
  file("", bytes("hello"))
]
const dataKeys = ["message", "attachment", "username", "chunks", "file", "name", "_tag", "__proto__", "other"]
const actions: ReadonlyArray<SlipValue> = ["log-in", "send-message", "send-message", "chunks", "dance", "", 5, null]

const good: Readonly<Record<string, ReadonlyArray<Readonly<Record<string, SlipValue>>>>> = {
  "log-in": [{ username: "alice" }],
  "send-message": [{ message: "hi" }, { attachment: file("a", bytes("a")) }, { message: "hi", username: "alice" }],
  chunks: [{ chunks: 5 }]
}

const Index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 }))
const Entries = Schema.Array(Schema.Tuple([Index, Index]))

/** Numbers that {@link recordOf} makes a record of. */
export const Choices = Schema.Struct({ action: Index, data: Entries, inner: Entries, others: Index })

const pick = <A>(some: ReadonlyArray<A>, index: number): A => some[index % some.length]!

const entriesOf = (entries: typeof Entries.Type, values: ReadonlyArray<SlipValue>): SlipRecord =>
  new Map(entries.slice(0, 2).map(([key, value]) => [pick(dataKeys, key), pick(values, value)]))

/** A request of which something may be changed. */
export const recordOf = (choices: typeof Choices.Type): SlipRecord => {
  const action = pick(actions, choices.action)
  const inner = new Map([...record({ file: file("a", bytes("a")), name: "b" }), ...entriesOf(choices.inner, simple)])
  const values = [...simple, inner, inner, inner]
  const data = typeof action === "string" ? pick(good[action] ?? [{}], choices.others) : {}
  return record({
    action,
    data: new Map([...record(data), ...entriesOf(choices.data, values)]),
    ...(choices.others % 5 === 0 && { other: null })
  })
}

const isOnly = (data: SlipRecord, keys: ReadonlyArray<string>): boolean =>
  [...data.keys()].every((key) => keys.includes(key))

const isName = (value: SlipValue | undefined): boolean => typeof value === "string" && value !== ""

const isAttachment = (value: SlipValue | undefined): boolean =>
  isFile(value)
    ? value.name !== ""
    : isRecord(value) && isOnly(value, ["file", "name"]) && isFile(value.get("file")) && isName(value.get("name"))

const isMessage = (data: SlipRecord): boolean => {
  const [message, attachment] = [data.get("message") ?? undefined, data.get("attachment") ?? undefined]
  if (message !== undefined && typeof message !== "string") return false
  if (attachment !== undefined && !isAttachment(attachment)) return false
  return Boolean(message) || attachment !== undefined
}

const isCount = (value: SlipValue | undefined): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 4_294_967_296

/** Whether a record is a request. */
export const isRequest = (whole: SlipRecord): boolean => {
  const data = whole.get("data")
  if (!isOnly(whole, ["action", "data"]) || !isRecord(data)) return false
  switch (whole.get("action")) {
    case "log-in":
      return isOnly(data, ["username"]) && isName(data.get("username"))
    case "send-message":
      return isOnly(data, ["message", "attachment", "username"]) && isMessage(data)
    case "chunks":
      return isOnly(data, ["chunks"]) && isCount(data.get("chunks"))
    default:
      return false
  }
}

/** What the server makes of a record, as far as it is in the record itself: tag and texts. */
export const summary = (whole: SlipRecord): unknown => {
  const read = PillowRequest.read(whole)
  if (Result.isFailure(read)) return Object.keys(read.failure.errors).length > 0 ? "refused" : "no errors"
  const { _tag } = read.success
  if (_tag === "LogIn") return [_tag, read.success.username]
  return _tag === "Chunks" ? [_tag, read.success.chunks] : [_tag, read.success.message, read.success.attachment?.name]
}

/** The same by the rules. */
export const expected = (whole: SlipRecord): unknown => {
  if (!isRequest(whole)) return "refused"
  const data = whole.get("data") as SlipRecord
  if (whole.get("action") === "log-in") return ["LogIn", data.get("username")]
  if (whole.get("action") === "chunks") return ["Chunks", data.get("chunks")]
  const attachment = data.get("attachment") ?? undefined
  const name = isFile(attachment) ? attachment.name : isRecord(attachment) ? attachment.get("name") : undefined
  return ["SendMessage", data.get("message") ?? undefined, name]
}

/** Fails if a request that is put together so is not read as it should be. */
export const check = ([choices]: readonly [typeof Choices.Type]): void => {
  const whole = recordOf(choices)
  assert.deepStrictEqual(summary(whole), expected(whole))
}
