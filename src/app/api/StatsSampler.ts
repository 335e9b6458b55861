/**
 * The state of the server, taken once a second and kept for five minutes, so that a page has its charts when it is opened.
 */
import { monitorEventLoopDelay } from "node:perf_hooks"
import { Clock, Context, Effect, Layer, PubSub, type Scope, Stream } from "effect"
import type { Stats } from "../../api/OperatorApi.ts"
import { Metrics } from "../../services/Metrics.ts"
import { Operator } from "../../services/Operator.ts"

/** How many samples are kept. */
export const limitSamples = 300

const gapMillis = 1000
// The monitor counts the time that it means to sleep as delay.
const resolutionMillis = 10
const nanosPerMilli = 1e6

const lagMillis = (nanos: number): number =>
  Math.max(0, Math.round((nanos / nanosPerMilli - resolutionMillis) * 10) / 10)

export class StatsSampler extends Context.Service<
  StatsSampler,
  {
    /** The state now. */
    readonly now: Effect.Effect<Stats>
    /** The samples of the last minutes, then each as it is taken. Whoever is too slow misses the oldest. */
    readonly samples: Effect.Effect<Stream.Stream<Stats>, never, Scope.Scope>
  }
>()("parlance/app/api/StatsSampler") {
  static readonly layer = Layer.effect(
    StatsSampler,
    Effect.gen(function* () {
      const { counts } = yield* Metrics
      const operator = yield* Operator
      const clock = yield* Clock.Clock
      const kept: Array<Stats> = []
      const taken = yield* PubSub.sliding<Stats>(limitSamples)
      const delay = yield* Effect.acquireRelease(
        Effect.sync(() => {
          const histogram = monitorEventLoopDelay({ resolution: resolutionMillis })
          histogram.enable()
          return histogram
        }),
        (histogram) => Effect.sync(() => histogram.disable())
      )

      const now = Effect.gen(function* () {
        const { peers, queuedBytes, uptimeMillis } = yield* operator.info
        const { connections, deliveries, messages, rejections } = counts
        return {
          atMillis: clock.currentTimeMillisUnsafe(),
          uptimeMillis,
          connections,
          sessions: Object.fromEntries(peers),
          messages,
          deliveries,
          rejections,
          queuedBytes,
          lagMillis: { p50: lagMillis(delay.percentile(50)), p99: lagMillis(delay.percentile(99)) },
          memoryBytes: process.memoryUsage.rss()
        }
      })

      const take = Effect.gen(function* () {
        const stats = yield* now
        delay.reset()
        kept.push(stats)
        if (kept.length > limitSamples) kept.shift()
        yield* PubSub.publish(taken, stats)
      })
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(gapMillis), take)))

      return StatsSampler.of({
        now,
        samples: Effect.map(PubSub.subscribe(taken), (subscription) =>
          Stream.concat(Stream.fromIterable([...kept]), Stream.fromSubscription(subscription))
        )
      })
    })
  )
}
