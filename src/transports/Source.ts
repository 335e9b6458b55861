/** What one peer sends, as it comes. */
import { Effect, type Fiber, Latch, Stream } from "effect"

/** Who takes what a source has. */
export interface Reader<In> {
  /** Takes what was read in one go; never empty. */
  take(inputs: ReadonlyArray<In>): void
  /** Nothing more comes, however the peer has gone. */
  ended(): void
}

/** Hands over what a peer sends, in order. */
export interface Source<In> {
  /** Begins, for the one reader that there is. */
  start(reader: Reader<In>): void
  /** Hands over nothing until `resume`, and takes no more from the peer than a buffer holds. May come before `start`. */
  pause(): void
  resume(): void
  /** Hands over nothing any more. */
  stop(): void
}

/** What is read from a stream, by a fiber that `run` runs. The end of the stream is that of the source, and so is a defect. */
export const fromStream = <In>(
  reads: Stream.Stream<In>,
  run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
): Source<In> => {
  const isFlowing = Latch.makeUnsafe(true)
  let fiber: Fiber.Fiber<void> | undefined
  return {
    start: (reader) => {
      const takeAll = Stream.runForEachArray(reads, (inputs) => {
        reader.take(inputs)
        return isFlowing.await
      })
      fiber = run(
        Effect.andThen(isFlowing.await, takeAll).pipe(
          Effect.catchDefect((defect) => Effect.logError("Cannot read from a peer", defect)),
          Effect.andThen(Effect.sync(() => reader.ended()))
        )
      )
    },
    pause: () => isFlowing.closeUnsafe(),
    resume: () => isFlowing.openUnsafe(),
    stop: () => fiber?.interruptUnsafe()
  }
}
