/** A history in which what was said is stored when the test says so. */
import { Deferred, Effect, Layer } from "effect"
import { StorageFailed } from "../../src/domain/Rejection.ts"
import { History } from "../../src/services/History.ts"

export interface HeldHistory {
  readonly layer: Layer.Layer<History>
  /** Stores all that waits. */
  readonly store: () => void
  /** Loses the first that waits. */
  readonly loseFirst: () => void
}

/** With `isTogether` what waits at one time is stored together, or lost. */
export const make = (options: { readonly isTogether?: boolean } = {}): HeldHistory => {
  const waiting: Array<Deferred.Deferred<void, StorageFailed>> = []
  const hold = Effect.map(History, (history) =>
    History.of({
      ...history,
      append: (roomKey, message, sharesFile) => {
        const { append } = history
        void append(roomKey, message, sharesFile)
        const before = options.isTogether === true ? waiting[0] : undefined
        const stored = before ?? Deferred.makeUnsafe<void, StorageFailed>()
        if (before === undefined) waiting.push(stored)
        return { stored }
      }
    })
  )
  return {
    layer: Layer.effect(History, hold).pipe(Layer.provide(History.layerMemory)),
    store: () => {
      for (const stored of waiting.splice(0)) Deferred.doneUnsafe(stored, Effect.void)
    },
    loseFirst: () => Deferred.doneUnsafe(waiting.shift()!, Effect.fail(new StorageFailed()))
  }
}
