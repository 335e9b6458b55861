/**
 * One write per connection and turn of the event loop.
 *
 * - Whoever queues something asks to be flushed; everything asked for during a turn is flushed at its end, in one pass.
 * - No fiber is woken for it: a wake-up per recipient would cost more than the delivery.
 */
import { Context, Effect, FiberSet, Layer } from "effect"
import type { Turn } from "../services/Turn.ts"

/** What can be flushed. */
export interface Flushable {
  /** Set by the flusher: whether it is asked for already. */
  isDirty: boolean
  readonly flush: () => void
}

/** Writes what waits for each connection at the end of the turn of the event loop. */
export class Flusher extends Context.Service<
  Flusher,
  {
    /** Has `flush` called once at the end of this turn. */
    readonly schedule: (flushable: Flushable) => void
    /** What is done at the end of this turn is done before anything is flushed: it may ask for that. */
    readonly turn: Turn
  }
>()("parlance/transports/Flusher") {
  static readonly layer = Layer.effect(
    Flusher,
    Effect.gen(function* () {
      const run = yield* FiberSet.makeRuntime<never, void, never>()
      const acts = new Set<() => void>()
      let dirty: Array<Flushable> = []
      let immediate: NodeJS.Immediate | undefined

      const attempt = (act: () => void): void => {
        try {
          act()
        } catch (defect) {
          // It must not keep the others from being flushed.
          run(Effect.logError("Cannot flush a connection", defect))
        }
      }

      const pass = (): void => {
        for (const act of acts) {
          acts.delete(act)
          attempt(act)
        }
        immediate = undefined
        const batch = dirty
        dirty = []
        for (const flushable of batch) {
          flushable.isDirty = false
          attempt(() => flushable.flush())
        }
      }
      yield* Effect.addFinalizer(() => Effect.sync(() => clearImmediate(immediate)))

      const schedule = (flushable: Flushable): void => {
        if (flushable.isDirty) return
        flushable.isDirty = true
        dirty.push(flushable)
        immediate ??= setImmediate(pass)
      }

      const atEnd = (act: () => void): void => {
        acts.add(act)
        immediate ??= setImmediate(pass)
      }

      const waiting = new Set<() => void>()
      const after = (act: () => void, waitMillis: number): void => {
        if (waiting.has(act)) return
        waiting.add(act)
        const done = Effect.sync(() => {
          waiting.delete(act)
          act()
        })
        run(Effect.delay(done, waitMillis))
      }

      return Flusher.of({ schedule, turn: { atEnd, after } })
    })
  )
}
