/** In no protocol a login by a name that is far too long keeps the others waiting. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Peer } from "../../src/testing/mod.ts"
import type { Subject } from "../../src/testing/Subject.ts"
import * as Normalised from "../domain/Normalised.ts"
import * as Subjects from "./Subjects.ts"

// What goes into one datagram: each of its units has two bytes.
const name = Normalised.hostile(30_000)

const verify = <In, Packet, Frame, Key extends object>(
  title: string,
  { connect, login, make }: Subject<In, Packet, Frame, Key>
) =>
  it.effect(title, () => {
    const work = Normalised.count()
    return Effect.gen(function* () {
      const protocol = make()
      const peer = yield* (connect ?? Peer.connect)(protocol)
      yield* peer.send(...login(name))
      yield* TestClock.adjust("2 seconds")
      assert.isBelow(work.units(), 10_000)
    }).pipe(Effect.ensuring(Effect.sync(work.restore)), Effect.provide(Peer.layer()))
  })

describe("a login by a name that is too long is looked at no further", () => {
  verify("chatmaster", Subjects.chatmaster)
  verify("packet", Subjects.packet)
  verify("sockets", Subjects.sockets)
  verify("toss", Subjects.toss)
  verify("tsockm", Subjects.tsockm)
})
