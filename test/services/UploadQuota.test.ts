import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ProtocolName } from "../../src/domain/Message.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { ResumableUploads } from "../../src/services/ResumableUploads.ts"
import type { Session } from "../../src/services/Session.ts"
import { UploadQuota } from "../../src/services/UploadQuota.ts"
import { Uploads } from "../../src/services/Uploads.ts"
import { content, store } from "./AttachmentsSuite.ts"

// A session may announce 640 bytes, an address 1280.
const limits = { ...defaults, fileLimitBytes: 100, filesLimitBytes: 10_240 }
const layer = (changed: Partial<Limits> = {}) =>
  Chat.layer.pipe(Layer.provide(Layer.succeed(Limits, { ...limits, ...changed })), Layer.fresh)

const loopback = "127.0.0.1"
let names = 0

const login = Effect.fnUntraced(function* (address = loopback) {
  const chat = yield* Chat
  const outlet = { deliver: () => {}, hangUp: () => {}, queuedBytes: () => 0 }
  return yield* chat.login({ name: `user ${++names}`, protocol: ProtocolName.make("sockets"), address, outlet })
})

const open = Effect.fnUntraced(function* (session: Session, sizeBytes = 100) {
  return yield* (yield* ResumableUploads).open(session, "a.bin", sizeBytes)
})

const begin = Effect.fnUntraced(function* (session: Session, key: number, sizeBytes = 100) {
  return yield* (yield* Uploads).begin(session, key, sizeBytes)
})

const send = Effect.fnUntraced(function* (id: string, sizeBytes: number) {
  return yield* (yield* ResumableUploads).write(id, 0, Stream.succeed(content(sizeBytes)))
})

const leave = Effect.fnUntraced(function* (session: Session) {
  yield* (yield* Chat).logout(session)
})

const refusal = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.map(Effect.flip(effect), (error) => ({ ...error }))

/** Sessions that each announce four files, of which no byte comes. */
const crowd = (sessions: number, address: (index: number) => string) =>
  Effect.forEach(
    Array.from({ length: sessions }, (_, index) => index),
    Effect.fnUntraced(function* (index) {
      const session = yield* login(address(index))
      const ids = yield* Effect.forEach([1, 2, 3, 4], () => open(session))
      return { session, ids }
    })
  )

describe("UploadQuota", () => {
  it.effect("short sessions that announce all there is and leave are in nobody's way, and no file goes for them", () =>
    Effect.gen(function* () {
      const [attachments, quota, uploads] = [yield* Attachments, yield* UploadQuota, yield* ResumableUploads]
      const kept = yield* store(content(100))
      for (let round = 0; round < 3; round++) {
        for (let index = 0; index < 26; index++) {
          const [{ session } = assert.fail()] = yield* crowd(1, () => loopback)
          yield* leave(session)
        }
      }
      assert.strictEqual(quota.count(), 102)
      const bob = yield* login()
      for (const key of [1, 2, 3, 4]) yield* begin(bob, key)
      const whole = yield* send(yield* open(bob), 100)
      assert.isDefined(whole.file)
      assert.strictEqual((yield* attachments.find(kept.number))?.id, kept.id)
      yield* TestClock.adjust(limits.transferTimeoutMillis)
      assert.strictEqual(quota.count(), 0)
      assert.strictEqual(uploads.count(), 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect(
    "the oldest of those that are silent goes first, and none of a session that is there or of which bytes came",
    () =>
      Effect.gen(function* () {
        const uploads = yield* ResumableUploads
        const all = yield* crowd(25, () => loopback)
        const [early, late] = [all[3]!, all[7]!]
        yield* send(early.ids[0]!, 1)
        const there = () => [...early.ids, ...late.ids].map((id) => uploads.find(id) !== undefined)
        // There is room for two more.
        const bob = yield* login()
        yield* open(bob)
        yield* open(bob)
        assert.strictEqual((yield* refusal(open(bob)))._tag, "StorageFailed")
        yield* leave(late.session)
        yield* leave(early.session)
        yield* open(bob)
        assert.deepStrictEqual(there(), [true, false, true, true, true, true, true, true])
        yield* begin(bob, 1)
        yield* begin(bob, 2)
        yield* begin(bob, 3)
        assert.deepStrictEqual(there(), [true, false, false, false, false, true, true, true])
      }).pipe(Effect.provide(layer()))
  )

  it.effect("a session announces a sixteenth of all files at most, by whatever protocol", () =>
    Effect.gen(function* () {
      const [uploads, alice, bob] = [yield* Uploads, yield* login(), yield* login()]
      for (const key of [1, 2, 3, 4]) yield* begin(alice, key)
      const id = yield* open(alice)
      yield* open(alice)
      const refused = { _tag: "UploadsTooLarge", limitBytes: 640 } as const
      assert.deepInclude(yield* refusal(open(alice, 41)), refused)
      assert.deepInclude(yield* refusal(begin(alice, 5, 41)), refused)
      yield* begin(alice, 5, 40)
      yield* begin(bob, 1)
      // What it has begun anew, dropped, cancelled or sent whole does not count.
      yield* begin(alice, 5, 30)
      yield* begin(alice, 6, 10)
      uploads.drop(alice, 1)
      yield* begin(alice, 7)
      yield* (yield* ResumableUploads).cancel(id)
      yield* send(yield* open(alice), 100)
      yield* open(alice)
      assert.strictEqual((yield* refusal(begin(alice, 8, 1)))._tag, "UploadsTooLarge")
    }).pipe(Effect.provide(layer({ uploadLimit: 16 })))
  )

  it.effect("a session may announce a file of the greatest size", () =>
    Effect.gen(function* () {
      const alice = yield* login()
      yield* begin(alice, 1, 5000)
      assert.deepInclude(yield* refusal(open(alice, 1)), { _tag: "UploadsTooLarge", limitBytes: 5000 })
      yield* begin(alice, 1, 5000)
    }).pipe(Effect.provide(layer({ fileLimitBytes: 5000 })))
  )

  for (const [kind, near, far] of [
    ["an IPv4 address", () => "192.0.2.1", "192.0.2.2"],
    ["an IPv6 /64", (index: number) => `2001:db8::${index + 1}`, "2001:db8:0:1::1"]
  ] as const) {
    it.effect(`${kind} announces twice as much as a session, however many sessions it has`, () =>
      Effect.gen(function* () {
        for (const key of [1, 2, 3]) {
          const session = yield* login(near(key))
          for (const index of [1, 2, 3, 4]) yield* begin(session, index)
        }
        const fourth = yield* login(near(4))
        yield* begin(fourth, 1, 80)
        const refused = { _tag: "UploadsTooLarge", limitBytes: 1280 } as const
        assert.deepInclude(yield* refusal(open(fourth, 1)), refused)
        assert.deepInclude(yield* refusal(begin(fourth, 2, 1)), refused)
        yield* open(yield* login(far))
        yield* open(yield* login(loopback))
      }).pipe(Effect.provide(layer()))
    )
  }

  it.effect("what an address has announced that is silent makes place for it when the session has gone", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const first = yield* login("192.0.2.1")
      const [silent, begun] = [yield* open(first), yield* open(first)]
      yield* send(begun, 1)
      const second = yield* login("192.0.2.1")
      assert.strictEqual((yield* refusal(open(second)))._tag, "TooManyUploads")
      yield* leave(first)
      yield* open(second)
      assert.deepStrictEqual([uploads.find(silent), uploads.find(begun)?.receivedBytes], [undefined, 1])
      assert.strictEqual((yield* refusal(open(second)))._tag, "TooManyUploads")
    }).pipe(Effect.provide(layer({ uploadLimit: 2 })))
  )

  it.effect("nothing is left of what was announced when its sessions and its time are over", () =>
    Effect.gen(function* () {
      const quota = yield* UploadQuota
      const all = yield* crowd(3, (index) => `192.0.2.${index + 1}`)
      for (const { session } of all) yield* begin(session, 1)
      assert.strictEqual(quota.count(), 15)
      for (const { session } of all) yield* leave(session)
      assert.strictEqual(quota.count(), 12)
      yield* TestClock.adjust(limits.transferTimeoutMillis)
      assert.strictEqual(quota.count(), 0)
    }).pipe(Effect.provide(layer()))
  )
})
