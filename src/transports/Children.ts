/** The fibers that do what is done beside a connection. */
import { Effect, type Fiber } from "effect"
import type { Hangup } from "../domain/Hangup.ts"

/** Those of a connection that has none. */
export const none: ReadonlySet<Fiber.Fiber<void>> = new Set()

/** The connection that they end with, and that they may end. */
export interface Parent {
  hangUp(hangup: Hangup): void
  logDefect(defect: unknown): Effect.Effect<void>
  interrupt(): void
}

/** Forks one as a child of the fiber that runs this, and has it among `children` until it is over. */
export const fork = (
  effect: Effect.Effect<void, Hangup>,
  parent: Parent,
  children: () => Set<Fiber.Fiber<void>>
): Effect.Effect<void> => {
  const ended = effect.pipe(
    Effect.catch((hangup) => Effect.sync(() => parent.hangUp(hangup))),
    Effect.catchDefect((defect) =>
      Effect.andThen(
        parent.logDefect(defect),
        Effect.sync(() => parent.interrupt())
      )
    )
  )
  return Effect.map(Effect.forkChild(ended, { startImmediately: true }), (child) => {
    if (child.pollUnsafe() !== undefined) return
    const all = children()
    all.add(child)
    child.addObserver(() => void all.delete(child))
  })
}
