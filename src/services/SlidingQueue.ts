/**
 * What waits for an observer that may be slow.
 *
 * - Offering never waits, and wakes a reader in the next turn at the earliest: so no observer holds up what it observes.
 * - Of more items than the limit the oldest are left out, and a {@link Missed} says how many.
 */
import { Cause, Effect, Queue, Stream } from "effect"
import type { Missed } from "../domain/Missed.ts"

export class SlidingQueue<A> {
  readonly #queue: Queue.Queue<A, Cause.Done>
  #missed = 0
  /** The items, and what is left out of them; meant for one reader. It ends when {@link end} is called. */
  readonly stream: Stream.Stream<A | Missed>

  private constructor(queue: Queue.Queue<A, Cause.Done>) {
    this.#queue = queue
    this.stream = Stream.fromPull(Effect.succeed(Effect.map(Queue.takeAll(queue), (items) => this.#given(items))))
  }

  /** Makes one in which so many items may wait. */
  static readonly make = <A>(limit: number): Effect.Effect<SlidingQueue<A>> =>
    Effect.map(Queue.sliding<A, Cause.Done>(limit), (queue) => new SlidingQueue(queue))

  /** What a source gives from then on when the stream is run: it is given what takes an item, and gives what stops it. */
  static readonly stream = <A>(
    limit: number,
    listen: (take: (item: A) => void) => () => void
  ): Stream.Stream<A | Missed> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const queue = yield* SlidingQueue.make<A>(limit)
        const listening = Effect.sync(() => listen((item) => queue.offer(item)))
        yield* Effect.acquireRelease(listening, (stop) => Effect.sync(stop))
        return queue.stream
      })
    )

  offer(item: A): void {
    if (Queue.isFullUnsafe(this.#queue)) this.#missed++
    Queue.offerUnsafe(this.#queue, item)
  }

  /** Has the reader told that it misses so many items besides. */
  miss(count: number): void {
    this.#missed += count
  }

  /** Ends the stream behind what waits. Nothing is taken any more. */
  end(): void {
    Queue.endUnsafe(this.#queue)
  }

  #given(items: readonly [A, ...Array<A>]): readonly [A | Missed, ...Array<A | Missed>] {
    if (this.#missed === 0) return items
    const count = this.#missed
    this.#missed = 0
    return [{ _tag: "Missed", count }, ...items]
  }
}
