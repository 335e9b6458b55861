/** TsockM for the tests of what every protocol must do. */
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import Sqids from "sqids"
import * as TsockmId from "../../../src/protocols/tsockm/TsockmId.ts"
import * as TsockmProtocol from "../../../src/protocols/tsockm/TsockmProtocol.ts"
import { packetLimitBytes } from "../../../src/protocols/tsockm/TsockmText.ts"
import { request } from "../../../src/testing/clients/TsockmClient.ts"
import { Peer } from "../../../src/testing/mod.ts"
import type { SubjectOf } from "../../../src/testing/Subject.ts"
import { bytes } from "./Wire.ts"

type Bytes = Uint8Array
type Tsockm = SubjectOf<ReturnType<typeof TsockmProtocol.make>>

const text = (frame: Bytes): string => Buffer.from(frame).toString()
const isOf = (frame: Bytes, ...beginnings: ReadonlyArray<string>): boolean =>
  beginnings.some((beginning) => text(frame).startsWith(`${beginning}::`))
const bodyOf = (frame: Bytes): string => text(frame).split("::").slice(6).join("::")

/** What clients have found out about the messages that they got. */
const messages = new WeakMap<Bytes, { readonly from: string; readonly text: string }>()

const restMillis = 40
const lineEnd = 0x0a

/**
 * A client that does what this protocol asks of one.
 *
 * - It rests behind a line end, for nothing but that says that a packet has ended.
 * - It asks who the author of a message is, and puts together a text that came in several packets.
 * - When its name was refused, which ends its connection, it tries the next on another one.
 */
const connect: NonNullable<Tsockm["connect"]> = Effect.fnUntraced(function* (protocol) {
  const services = yield* Effect.context<Peer.Provided | Scope.Scope>()
  let peer = yield* Peer.connect(protocol)
  let isRefused = false
  const names = new Map<string, string>()
  const passed: Array<Bytes> = []

  const write = Effect.fnUntraced(function* (reads: ReadonlyArray<Bytes>) {
    if (isRefused) peer = yield* Peer.connect(protocol)
    isRefused = false
    yield* peer.send(...reads)
    if (reads.at(-1)?.at(-1) === lineEnd) yield* TestClock.adjust(restMillis)
  }, Effect.provideContext(services))
  const send = (...reads: ReadonlyArray<Bytes>) => write(reads)

  const next = Effect.suspend(() => {
    const frame = passed.shift()
    return frame === undefined ? peer.take : Effect.succeed(frame)
  })

  const find = Effect.fnUntraced(function* (id: string): Effect.fn.Return<string, Peer.PeerGone> {
    yield* send(request("GET_PEER", id))
    for (;;) {
      const frame = yield* peer.take
      if (!isOf(frame, "RES::GET_PEER")) passed.push(frame)
      else return bodyOf(frame).replace(/#.*$/, "")
    }
  })

  const take = Effect.gen(function* () {
    const frame = yield* next
    if (isOf(frame, "ERR::COMM")) isRefused = true
    if (!isOf(frame, "RES::MSG")) return frame
    let whole = bodyOf(frame)
    for (let last = frame; last.length === packetLimitBytes;) {
      last = yield* next
      whole += bodyOf(last)
    }
    const id = text(frame).split("::")[3]!
    const from = names.get(id) ?? (yield* find(id))
    names.set(id, from)
    messages.set(frame, { from, text: whole })
    return frame
  })

  return {
    send,
    take,
    takeUntil: (isIt) => Effect.repeat(take, { until: isIt }),
    get writes() {
      return peer.writes
    },
    stall: () => peer.stall(),
    leave: Effect.suspend(() => peer.leave),
    over: Effect.suspend(() => peer.over)
  }
})

const counting = () => {
  let last = 0
  return (count: number): Bytes => {
    const made = new Uint8Array(count)
    new DataView(made.buffer).setUint16(count - 2, ++last)
    return made
  }
}

export const tsockm: Tsockm = {
  make: () =>
    TsockmProtocol.make({
      gapMillis: 0,
      nowMillis: () => 0,
      randomBytes: counting(),
      encoder: new Sqids(TsockmId.options)
    }),
  connect,
  login: (name) => [request("COMM", name)],
  say: (text) => request("MSG", text),
  heard: (frame) => messages.get(frame),
  isWelcome: (frame) => isOf(frame, "RES::COMM::200"),
  isRefusal: (frame) => isOf(frame, "ERR"),
  junk: [
    "REQ::DANCE::200::client::client::client::x",
    "REQ::NONE::200::client::client::client::x",
    "REQ::::200::client::client::client::x",
    "NONE::MSG::200::client::client::client::x",
    "REQ::MSG::::client::client::client::x",
    "REQ::MSG::OK::CLIENT::client::client::client::x",
    "REQ::NTFY_KILL::200::client::client::client::x",
    "REQ::MSG::200::::client::client::x",
    `REQ::MSG::200::${"x".repeat(65)}::client::client::x`,
    "REQ::GET_PEER::200::nobody::client::client::nobody",
    "REQ::GET_PEER::200::nobody::client::client::",
    "REQ::MSG::200::__proto__::client::client::x",
    `REQ::MSG::200::client::client::client::${"x".repeat(17 * 1024)}`
  ].map((junk) => bytes(`${junk}\n`))
}
