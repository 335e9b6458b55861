/**
 * Whether the storage of history and files works.
 *
 * Those who store something report here whether they could. The log has one line when a part stops working, and one when
 * it works again.
 */
import { Clock, Context, Effect, Layer } from "effect"

/** What may work or not: what was said, and what was shared. */
export type StoragePart = "history" | "files"

/** A part that does not work. */
export interface Failing {
  readonly part: StoragePart
  readonly sinceMillis: number
}

/** Whether the storage of history and files works. */
export class StorageHealth extends Context.Service<
  StorageHealth,
  {
    /** Says that a part could not do what it should, and why. */
    readonly failed: (part: StoragePart, error: unknown) => Effect.Effect<void>
    /** Says that a part has done what it should. */
    readonly worked: (part: StoragePart) => Effect.Effect<void>
    /** The parts that do not work now. */
    readonly failing: () => ReadonlyArray<Failing>
  }
>()("parlance/services/StorageHealth") {
  static readonly layer: Layer.Layer<StorageHealth> = Layer.effect(
    StorageHealth,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const failing = new Map<StoragePart, Failing>()
      return StorageHealth.of({
        failed: (part, error) =>
          Effect.suspend(() => {
            if (failing.has(part)) return Effect.void
            failing.set(part, { part, sinceMillis: clock.currentTimeMillisUnsafe() })
            return Effect.logError(`Cannot store ${part}`, error)
          }),
        worked: (part) =>
          Effect.suspend(() => (failing.delete(part) ? Effect.logInfo(`Can store ${part} again`) : Effect.void)),
        failing: () => Array.from(failing.values())
      })
    })
  )
}
