import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { ProtocolName } from "../../src/domain/Message.ts"
import type { ByteProtocol } from "../../src/protocols/Protocol.ts"
import { LossyNetwork, Peer } from "../../src/testing/mod.ts"

/** Sends every datagram back; one that is empty breaks it. */
const echo: ByteProtocol<Uint8Array> = {
  name: ProtocolName.make("echo"),
  variants: 1,
  gapMillis: () => 0,
  reader: () => ({ read: (bytes) => [bytes] }),
  converse: () => {
    throw new Error("there are no connections")
  },
  render: () => [],
  sizeBytes: (frame) => frame.length,
  datagrams: {
    read: (bytes) => bytes,
    receive: (link, bytes) => {
      if (bytes.length === 0) throw new Error("empty")
      return [{ _tag: "Send", link, frame: bytes }]
    }
  }
}

const layer = Peer.layer()
const home = "192.0.2.1:4000"

/** A network with one peer, and the first bytes of what has arrived there. */
const one = Effect.fnUntraced(function* (seed: number, conditions?: Partial<LossyNetwork.Conditions>) {
  const network = yield* LossyNetwork.make(echo, { seed, ...(conditions === undefined ? undefined : { conditions }) })
  const arrived: Array<number> = []
  const peer = network.join(home, (bytes) => void arrived.push(bytes[0]!))
  return { arrived, network, peer }
})

const share = (part: ReadonlyArray<unknown>, whole: ReadonlyArray<unknown>): number => part.length / whole.length

describe("LossyNetwork", () => {
  it.effect("make() carries datagrams there and back in their time", () =>
    Effect.gen(function* () {
      const { arrived, network, peer } = yield* one(1, LossyNetwork.good)
      peer.send(new Uint8Array([7]))
      yield* TestClock.adjust("39 millis")
      assert.deepStrictEqual(arrived, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(arrived, [7])
      assert.strictEqual(
        LossyNetwork.format(network.trace),
        `      0 ms  ${home} > server  arrives 20  07\n     20 ms  server > ${home}  arrives 40  07`
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("make() loses, repeats and delays as often as was asked", () =>
    Effect.gen(function* () {
      const { arrived, network, peer } = yield* one(1)
      for (let count = 0; count < 5000; count++) peer.send(new Uint8Array([count]))
      yield* TestClock.adjust("1 second")
      const { trace } = network
      const there = trace.filter(({ arrivesAtMillis }) => arrivesAtMillis.length > 0)
      const twice = there.filter(({ arrivesAtMillis }) => arrivesAtMillis.length === 2)
      assert.closeTo(share(there, trace), 0.8, 0.02)
      assert.closeTo(share(twice, there), 0.1, 0.02)
      assert.closeTo(
        share(
          there.filter(({ isLate }) => isLate),
          there
        ),
        0.1,
        0.02
      )
      assert.notDeepEqual(arrived, arrived.toSorted())
    }).pipe(Effect.provide(layer))
  )

  it.effect("make() does the same for the same seed, whenever that is", () =>
    Effect.gen(function* () {
      const run = Effect.fnUntraced(function* (seed: number) {
        const { network, peer } = yield* one(seed)
        for (let count = 0; count < 50; count++) peer.send(new Uint8Array([count]))
        yield* TestClock.adjust("1 second")
        return LossyNetwork.format(network.trace)
      }, Effect.scoped)
      const first = yield* run(1)
      assert.strictEqual(yield* run(1), first)
      assert.notStrictEqual(yield* run(2), first)
    }).pipe(Effect.provide(layer))
  )

  it.effect("move() leaves behind what is on its way to the address before", () =>
    Effect.gen(function* () {
      const { arrived, network, peer } = yield* one(1, LossyNetwork.good)
      peer.send(new Uint8Array([1]))
      yield* TestClock.adjust("25 millis")
      peer.move("198.51.100.7:5000")
      peer.send(new Uint8Array([2]))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(arrived, [2])
      assert.strictEqual(network.trace.at(-1)!.address, "198.51.100.7:5000")
    }).pipe(Effect.provide(layer))
  )

  it.effect("after() does tasks in the order of their times", () =>
    Effect.gen(function* () {
      const { network } = yield* one(1)
      const done: Array<string> = []
      network.after(30, () => {
        done.push("30")
        network.after(5, () => done.push("35"))
      })
      network.after(10, () => done.push("10"))
      network.after(40, () => done.push("40"))
      network.after(10, () => done.push("10 again"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(done, ["10", "10 again", "30", "35", "40"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("defects holds what is thrown, and the network goes on", () =>
    Effect.gen(function* () {
      const { arrived, network, peer } = yield* one(1, LossyNetwork.good)
      peer.send(new Uint8Array(0))
      peer.send(new Uint8Array([3]))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(network.defects.map(String), ["Error: empty"])
      assert.deepStrictEqual(arrived, [3])
    }).pipe(Effect.provide(layer))
  )
})
