/**
 * A server and users of all protocols for a while, in bad weather: connections are reset, divided and delayed, datagrams are
 * lost, repeated and reordered, strangers send nonsense and do not read, and the wall clock is set to and fro.
 *
 * Afterwards nobody may have missed anything, heard it twice or out of order, and the server has nothing left of it.
 */
import { Cause, Clock, Context, Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { readdirSync } from "node:fs"
import { connect } from "node:net"
import { Server } from "../../src/mod.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import * as TestServer from "../e2e/TestServer.ts"
import { SkewedClock } from "../../src/testing/mod.ts"
import * as Fibers from "../transports/Fibers.ts"
import { codecs } from "../fuzz/Codecs.ts"
import { mutant, pick, type Random, seeded } from "../fuzz/Mutation.ts"
import * as Members from "./Members.ts"
import { Oracle } from "./Oracle.ts"
import * as Weather from "./Weather.ts"

export interface Report {
  readonly said: number
  readonly heard: number
  readonly stays: number
  readonly resets: number
  readonly strangers: number
  /** What somebody should have heard, or did, or has left behind. */
  readonly problems: ReadonlyArray<string>
}

type MakeWay = (target: string, random: Random) => Effect.Effect<Weather.Way, never, Scope.Scope>

/** Silence ends a packet of TsockM, so its bytes are not divided. */
const straight: MakeWay = (url) => Effect.succeed({ url, reset: () => {} })

const kinds: ReadonlyArray<{
  readonly name: string
  readonly scheme: string
  readonly protocol: string
  readonly enter: Members.Enter
  readonly way: MakeWay
  readonly pauseMillis: number
}> = [
  {
    name: "chatmaster",
    protocol: "chatmaster",
    scheme: "tcp:",
    enter: Members.chatmaster,
    way: Weather.stream,
    pauseMillis: 2000
  },
  {
    name: "sockets",
    protocol: "sockets",
    scheme: "http:",
    enter: Members.sockets,
    way: Weather.stream,
    pauseMillis: 700
  },
  {
    name: "packet",
    protocol: "packet",
    scheme: "tcp:",
    enter: Members.packetStream,
    way: Weather.stream,
    pauseMillis: 700
  },
  {
    name: "datagram",
    protocol: "packet",
    scheme: "udp:",
    enter: Members.packetDatagrams,
    way: Weather.datagrams,
    pauseMillis: 700
  },
  { name: "toss", protocol: "toss", scheme: "tcp:", enter: Members.toss, way: Weather.stream, pauseMillis: 3000 },
  { name: "tsockm", protocol: "tsockm", scheme: "tcp:", enter: Members.tsockm, way: straight, pauseMillis: 3000 }
]
const membersOfKind = 2

const jumpMillis = 600_000

const countFiles = () => readdirSync("/proc/self/fd").length

/** Runs it for so many seconds. What happens by chance is the same for the same seed; when it happens is not. */
export const run = Effect.fnUntraced(function* (seconds: number, seed: number): Effect.fn.Return<Report> {
  const scope = yield* Scope.make()
  const fibers = Fibers.count()
  const { clock, set } = SkewedClock.over(yield* Clock.Clock)
  const context = yield* TestServer.layer({ floodRate: 2 }).pipe(
    Layer.provide(Layer.mergeAll(fibers.layer, Layer.succeed(Clock.Clock, clock))),
    Layer.buildWithScope(scope),
    Effect.orDie
  )
  const { addresses } = Context.get(context, Server)
  const { counts } = Context.get(context, Metrics)
  const urlOf = (protocol: string, scheme: string) =>
    addresses.find((it) => it.protocol === protocol && it.url.startsWith(scheme))!.url
  const random = seeded(seed)
  const oracle = new Oracle()
  let skewMillis = 0
  const counted = { stays: 0, resets: 0, strangers: 0 }
  const before = { fibers: fibers.running(), files: countFiles() }
  const quiet = yield* Deferred.make<void>()
  const leave = yield* Deferred.make<void>()

  /** Stays until it is reset, or to the end. */
  const stay = Effect.fnUntraced(function* (kind: (typeof kinds)[number], name: string) {
    const way = yield* kind.way(urlOf(kind.protocol, kind.scheme), random)
    const member = yield* kind.enter(name, way.url)
    const it = oracle.begin(name)
    yield* Effect.addFinalizer(() => Effect.sync(it.end))
    counted.stays++
    yield* Effect.forkScoped(member.listen(it.hear))
    const isReset = random(3) === 0
    for (let count = 0; !(yield* Deferred.isDone(quiet)); count++) {
      yield* Effect.timeoutOption(Deferred.await(quiet), random(kind.pauseMillis) + kind.pauseMillis / 2)
      if (isReset && count > 4 && !(yield* Deferred.isDone(quiet))) {
        counted.resets++
        return way.reset()
      }
      yield* member.say(it.next())
    }
    yield* Deferred.await(leave)
  })
  const live = Effect.fnUntraced(function* (kind: (typeof kinds)[number], index: number) {
    for (let stays = 0; !(yield* Deferred.isDone(quiet)); stays++) {
      yield* Effect.scoped(stay(kind, `${kind.name}${index}x${stays}`))
    }
  })

  const stranger = Effect.gen(function* () {
    const { url } = pick(
      random,
      addresses.filter(({ url }) => !url.startsWith("udp:"))
    )
    const { samples } = pick(random, codecs)
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => connect(Number(new URL(url).port), "127.0.0.1")),
      (socket) => Effect.sync(() => (random(2) === 0 ? socket.resetAndDestroy() : socket.destroy()))
    )
    counted.strangers++
    socket.on("error", () => {})
    // Some of them never read what they are told.
    if (random(2) === 0) socket.resume()
    for (let count = random(20); count > 0; count--) socket.write(mutant(random, samples))
    yield* Effect.sleep(random(2000))
  }).pipe(Effect.scoped)

  const members = yield* Effect.forEach(
    kinds.flatMap((kind) => Array.from({ length: membersOfKind }, (_, index) => live(kind, index))),
    (member) => Effect.forkChild(member)
  )
  const strangers = yield* Effect.forkChild(
    Effect.forever(Effect.andThen(Effect.forkChild(stranger), Effect.delay(Effect.void, "100 millis")))
  )
  const clockSetter = yield* Effect.forkChild(
    Effect.forever(
      Effect.delay(
        Effect.sync(() => {
          const next = (random(3) - 1) * jumpMillis
          set(next - skewMillis)
          skewMillis = next
        }),
        "2 seconds"
      )
    )
  )
  yield* Effect.sleep(seconds * 1000)
  yield* Fiber.interruptAll([strangers, clockSetter])
  yield* Deferred.succeed(quiet, undefined)
  const isSettled = Effect.sync(() => oracle.missing.length === 0 && oracle.size === members.length)
  yield* Effect.repeat(Effect.delay(isSettled, "100 millis"), { until: (it) => it, times: 300 })
  const missing = oracle.missing
  yield* Deferred.succeed(leave, undefined)
  const exits = yield* Fiber.awaitAll(members)
  const died = exits.flatMap((exit, index) =>
    Exit.isFailure(exit)
      ? [`A member of ${kinds[Math.floor(index / membersOfKind)]!.name}: ${Cause.pretty(exit.cause)}`]
      : []
  )
  const isOver = Effect.sync(
    () =>
      counts.sessions === 0 &&
      counts.connections === 0 &&
      fibers.running() <= before.fibers &&
      countFiles() <= before.files
  )
  // Sessions of packet over UDP end when nothing has come of them for 30 s.
  yield* Effect.repeat(Effect.delay(isOver, "100 millis"), { until: (it) => it, times: 450 })
  const left = {
    sessions: counts.sessions,
    connections: counts.connections,
    fibers: Math.max(0, fibers.running() - before.fibers),
    files: Math.max(0, countFiles() - before.files)
  }
  const leaks = Object.entries(left).flatMap(([what, count]) => (count > 0 ? [`${count} ${what} are left`] : []))
  yield* Scope.close(scope, Exit.void)
  const stillRunning = fibers.running() > 0 ? [`${fibers.running()} fibers run behind the end`] : []
  return {
    said: oracle.said,
    heard: oracle.heard,
    ...counted,
    problems: [...died, ...oracle.problems, ...missing, ...leaks, ...stillRunning]
  }
})
