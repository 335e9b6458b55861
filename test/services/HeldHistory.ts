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

export const make = (): HeldHistory => {
  const waiting: Array<Deferred.Deferred<void, StorageFailed>> = []
  const hold = Effect.map(History, (history) =>
    History.of({
      ...history,
      append: (roomKey, message, sharesFile) => {
        const { append } = history
        void append(roomKey, message, sharesFile)
        const stored = Deferred.makeUnsafe<void, StorageFailed>()
        waiting.push(stored)
        return { stored: Deferred.await(stored) }
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
