/**
 * What is said with one peer: the stream of its packets, whose steps are carried out in order.
 *
 * - Each read is one effect. While a step of it is waited for, nothing is read.
 * - Whoever is hung up on has no more packets taken, also if they came in the same read.
 * - A session of an exchange outlives the connection by which it asked, and is told what became of that: so what it asks
 *   for is not interrupted.
 */
import { Effect, Stream } from "effect"
import { Hangup } from "../domain/Hangup.ts"
import * as Reader from "../protocols/Reader.ts"
import type { Steps } from "../protocols/Step.ts"
import type { Connection } from "./Connection.ts"
import type { Inbound } from "./Inbound.ts"
import type { Interpreter } from "./Interpreter.ts"
import type { PacketTaps } from "./PacketTaps.ts"
import type { ProtocolContext } from "./ProtocolContext.ts"

const loginLimit: readonly [{ readonly _tag: "Hangup"; readonly reason: "login-limit" }] = [
  { _tag: "Hangup", reason: "login-limit" }
]

// Neither what only lets the peer go on nor a fault that is not answered is a packet that counts before a login.
const isCounted = <Frame, Key extends object>(steps: Steps<Frame, Key>): boolean =>
  steps.some((step) =>
    step._tag === "Send" ? step.holdMillis === undefined : step._tag !== "Release" && step._tag !== "Fault"
  )

type Context<In, Packet, Frame, Key extends object> = Pick<ProtocolContext<In, Packet, Frame, Key>, "protocol" | "taps">

/** Speaks with all peers of one protocol. */
export class Dialogue<In, Packet, Frame, Key extends object> {
  readonly #taps: PacketTaps
  readonly #interpreter: Interpreter<Frame, Key>
  readonly #isOfExchange: boolean

  constructor({ protocol, taps }: Context<In, Packet, Frame, Key>, interpreter: Interpreter<Frame, Key>) {
    this.#taps = taps
    this.#interpreter = interpreter
    this.#isOfExchange = protocol.exchange !== undefined
  }

  /** Says what the server says first, and takes what comes to its end. Fails if the connection is to end before. */
  converse(connection: Connection<In, Packet, Frame, Key>, inbound: Inbound<In>): Effect.Effect<void, Hangup> {
    // An idle connection keeps what is made here: so it is made when it is run, and no stage is one of the stream's.
    const listen = Effect.suspend(() => {
      const packets = Stream.fromPull(Effect.succeed(Reader.pull(connection, inbound)))
      return Stream.runForEachArray(packets, (batch) => this.#takeAll(connection, batch))
    })
    return Effect.andThen(this.#interpreter.perform(connection.conversation.open(), connection), listen)
  }

  #takeAll(
    connection: Connection<In, Packet, Frame, Key>,
    packets: ReadonlyArray<Packet>
  ): Effect.Effect<void, Hangup> {
    let index = 0
    const all = this.#interpreter.performAll(
      () =>
        index < packets.length && connection.hangup === undefined
          ? this.#take(connection, packets[index++]!)
          : undefined,
      connection
    )
    const whole = this.#isOfExchange ? Effect.uninterruptible(all) : all
    if (connection.hasBeenIn) return whole
    const limited = Effect.suspend(() =>
      this.#interpreter.perform(connection.isOverLoginBytes ? loginLimit : [], connection)
    )
    return Effect.andThen(whole, limited)
  }

  #take(connection: Connection<In, Packet, Frame, Key>, packet: Packet): Steps<Frame, Key> {
    this.#taps.record?.("in", connection, packet)
    const steps = connection.conversation.receive(packet)
    const isOver = !connection.hasBeenIn && isCounted(steps) && connection.isOverLoginPackets()
    return isOver ? loginLimit : steps
  }
}
