/** In no protocol a login by a name that is far too long keeps the others waiting. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Peer } from "../../src/testing/mod.ts"
import type { Subject } from "../../src/testing/Subject.ts"
import * as Normalised from "../domain/Normalised.ts"
import * as Subjects from "./Subjects.ts"

// What goes into one datagram, and into one packet of tsockm: each of their units has two bytes.
const names = [30_000, 7_500].map(Normalised.hostile)

const verify = <In, Packet, Frame, Key extends object>(
  title: string,
  { connect, login, make }: Subject<In, Packet, Frame, Key>
) =>
  it.effect(title, () => {
    const work = Normalised.count()
    return Effect.gen(function* () {
      const protocol = make()
      const peer = yield* (connect ?? Peer.connect)(protocol)
      for (const name of names) {
        yield* peer.send(...login(name))
        yield* TestClock.adjust("2 seconds")
      }
      assert.isBelow(work.units(), 2000)
    }).pipe(Effect.ensuring(Effect.sync(work.restore)), Effect.provide(Peer.layer()))
  })

describe("a login by a name that is too long is looked at no further", () => {
  verify("chatmaster", Subjects.chatmaster)
  verify("packet", Subjects.packet)
  verify("sockets", Subjects.sockets)
  verify("toss", Subjects.toss)
  verify("tsockm", Subjects.tsockm)
})
