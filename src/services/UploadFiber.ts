/**
 * An upload, from its beginning until it is kept: what senders bring is put together in memory, and one fiber stores it.
 *
 * - Whoever writes has its bytes copied into an open block (see `UploadBlocks`), as soon as the write is run.
 * - A queue of {@link limitQueued} blocks leads to the fiber. When it is full and no more blocks may be open, a write waits
 *   until the rest of its bytes has a place; what comes after it waits behind it. So the last write of a byte counts, also
 *   when nobody waited for the one before it, and there are never more than {@link limitBlocks} blocks. A write that is
 *   interrupted while it waits is carried out whole if some of it has a place, else not at all.
 * - A block that cannot be stored stays, and those behind it too. The next write says so, and takes nothing; then it is
 *   tried again, also by a write that must wait and by `keep`. What was once taken is never lost without a word: `keep`
 *   stores it or fails.
 * - The fiber begins the upload, stores, keeps, and gives back what it holds. It ends by itself when nothing comes for too
 *   long. Who asks it to keep the file and does not wait for that leaves it keeping.
 */
import { Deferred, Effect, Exit, Latch, Queue, type Scope } from "effect"
import { type StorageFailed, UploadBroken } from "../domain/Rejection.ts"
import type { StoredFile, Upload } from "./Attachments.ts"
import type { IdleTimeout } from "./IdleTimeout.ts"
import { type Block, blockBytes, limitOpen, UploadBlocks } from "./UploadBlocks.ts"

/** The most blocks that wait to be stored. */
export const limitQueued = 2

/** The most blocks of an upload in memory: those that are open, those that wait, and the one that is being stored. */
export const limitBlocks = limitOpen + limitQueued + 1

type Failure = UploadBroken | StorageFailed

/** The end of what comes: behind it the file is kept. */
const lastOfAll = "last of all"

/** A write, or the rest of one, that has no place yet. */
class Rest {
  bytes: Uint8Array
  atByte: number
  /** Whether some bytes of the write have a place. */
  isBegun: boolean
  #resume: ((exit: Exit.Exit<void, Failure>) => void) | undefined
  #exit: Exit.Exit<void, Failure> | undefined

  constructor(bytes: Uint8Array, atByte: number, isBegun: boolean) {
    this.bytes = bytes
    this.atByte = atByte
    this.isBegun = isBegun
  }

  get isAwaited(): boolean {
    return this.#resume !== undefined
  }

  /** Waits until it is settled. */
  await(interrupted: () => void): Effect.Effect<void, Failure> {
    return Effect.callback((resume) => {
      if (this.#exit !== undefined) return resume(this.#exit)
      this.#resume = resume
      return Effect.sync(() => {
        this.#resume = undefined
        interrupted()
      })
    })
  }

  settle(exit: Exit.Exit<void, Failure>): void {
    this.#exit = exit
    this.#resume?.(exit)
  }
}

export class UploadFiber {
  readonly #sizeBytes: number
  readonly #idle: IdleTimeout
  readonly #queue: Queue.Queue<Block | typeof lastOfAll>
  readonly #blocks: UploadBlocks
  #waiting: Array<Rest> = []
  readonly #begun = Deferred.makeUnsafe<number, Failure>()
  readonly #result = Deferred.makeUnsafe<StoredFile, Failure>()
  // The name under which it is kept: from then on nothing more comes.
  #name: string | undefined
  #isOver = false
  #kept: StoredFile | undefined
  // Open while nothing is wrong with the storage; what could not be stored waits for it.
  readonly #retry = Latch.makeUnsafe(true)
  // A failure that nobody has been told of.
  #untold: StorageFailed | undefined

  private constructor(sizeBytes: number, idle: IdleTimeout, queue: Queue.Queue<Block | typeof lastOfAll>) {
    this.#sizeBytes = sizeBytes
    this.#idle = idle
    this.#queue = queue
    this.#blocks = new UploadBlocks(
      sizeBytes,
      (block) => Queue.sizeUnsafe(queue) < limitQueued && Queue.offerUnsafe(queue, block)
    )
  }

  /** Makes an upload of a size, which does nothing before it is run. It may be left alone as long as `idle` says. */
  static make(sizeBytes: number, idle: IdleTimeout): Effect.Effect<UploadFiber> {
    return Effect.map(
      Queue.bounded<Block | typeof lastOfAll>(limitQueued + 1),
      (queue) => new UploadFiber(sizeBytes, idle, queue)
    )
  }

  /** Waits until the upload has begun: gives the number that the file will have. */
  get begun(): Effect.Effect<number, Failure> {
    return Deferred.await(this.#begun)
  }

  /** The file, once it is kept. */
  get kept(): StoredFile | undefined {
    return this.#kept
  }

  /**
   * Takes bytes from index `atByte` on. Done at once if there is room for them. Of a write that fails some bytes may have
   * been taken.
   */
  write(bytes: Uint8Array, atByte: number): Effect.Effect<void, Failure> {
    return Effect.suspend(() => {
      const isInside = Number.isInteger(atByte) && atByte >= 0 && atByte + bytes.length <= this.#sizeBytes
      if (this.#isOver || this.#name !== undefined || !isInside) return new UploadBroken()
      this.#idle.touch()
      if (this.#untold !== undefined) return this.#tell(this.#untold)
      const putBytes = this.#waiting.length === 0 ? this.#blocks.put(bytes, atByte) : 0
      if (putBytes === bytes.length) return Exit.void
      return this.#wait(new Rest(bytes.slice(putBytes), atByte + putBytes, putBytes > 0))
    })
  }

  /** Says that nothing more comes: what has come is made a file, whether or not anybody waits for it. */
  close(name: string): void {
    if (this.#isOver || this.#name !== undefined) return
    this.#name = name
    // There is a place in the queue for it.
    Queue.offerUnsafe(this.#queue, lastOfAll)
    this.#retry.openUnsafe()
  }

  /**
   * Makes a file of what has come, and waits for it. The file is durable when this succeeds. Nothing can be written any
   * more; if this fails the upload is over.
   */
  keep(name: string): Effect.Effect<StoredFile, Failure> {
    return Effect.suspend(() => {
      this.close(name)
      return Deferred.await(this.#result)
    })
  }

  /**
   * What the fiber does, once. When it is interrupted nothing is left of the upload, unless it has been kept. `over` is
   * called when it is over, before those who wait are told.
   */
  run(
    begin: Effect.Effect<Upload, StorageFailed, Scope.Scope>,
    over: () => void = () => {}
  ): Effect.Effect<StoredFile, Failure> {
    const leftAlone = Effect.flatMap(this.#idle.expired, () => {
      if (this.#name !== undefined) return Effect.never
      this.#isOver = true
      return Effect.fail(new UploadBroken())
    })
    return Effect.uninterruptibleMask((restore) => {
      const work = Effect.gen({ self: this }, function* () {
        const target = yield* begin
        this.#idle.touch()
        // Not if it has been interrupted meanwhile.
        yield* restore(Deferred.succeed(this.#begun, target.number))
        const name = yield* restore(Effect.raceFirst(this.#storeUntilLast(target), leftAlone))
        yield* restore(this.#storeRest(target))
        return yield* target.keep(name)
      })
      return Effect.onExit(Effect.scoped(work), (exit) =>
        Effect.sync(() => {
          this.#isOver = true
          if (Exit.isSuccess(exit)) this.#kept = exit.value
          this.#blocks.clear()
          over()
          this.#tellAll(exit)
        })
      )
    })
  }

  #wait(rest: Rest): Effect.Effect<void, Failure> {
    this.#waiting.push(rest)
    this.#retry.openUnsafe()
    return rest.await(() => {
      if (!rest.isBegun) this.#waiting = this.#waiting.filter((it) => it !== rest)
    })
  }

  #tell(failure: StorageFailed): StorageFailed {
    this.#untold = undefined
    this.#retry.openUnsafe()
    return failure
  }

  // Called when the queue has room.
  #refill(): void {
    this.#blocks.passFull()
    while (this.#waiting.length > 0) {
      const rest = this.#waiting[0]!
      const putBytes = this.#blocks.put(rest.bytes, rest.atByte)
      if (putBytes < rest.bytes.length) {
        rest.bytes = rest.bytes.subarray(putBytes)
        rest.atByte += putBytes
        rest.isBegun ||= putBytes > 0
        return
      }
      this.#waiting.shift()
      rest.settle(Exit.void)
    }
  }

  // Gives the name under which the file is kept, when nothing more comes.
  #storeUntilLast(target: Upload): Effect.Effect<string, Failure> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        const block = yield* Queue.take(this.#queue)
        if (block === lastOfAll) return this.#name!
        this.#refill()
        yield* this.#store(target, block)
      }
    })
  }

  #storeRest(target: Upload): Effect.Effect<void, Failure> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        this.#refill()
        const queued = Queue.sizeUnsafe(this.#queue) > 0 ? yield* Queue.take(this.#queue) : undefined
        const block = queued ?? this.#blocks.takeOldest()
        if (block === undefined) return
        if (block !== lastOfAll) yield* this.#store(target, block)
      }
    })
  }

  #store(target: Upload, block: Block): Effect.Effect<void, Failure> {
    const start = block.index * blockBytes
    const parts: Array<Effect.Effect<void, Failure>> = []
    block.coverage.forEachRange((from, to) => {
      parts.push(target.write(block.bytes.subarray(from, to), start + from))
    })
    return Effect.forEach(parts, (part) => part, { discard: true }).pipe(
      Effect.andThen(
        Effect.sync(() => {
          this.#blocks.recycle(block)
          this.#idle.touch()
        })
      ),
      Effect.catchTag("StorageFailed", (failure) => {
        if (this.#name !== undefined) return Effect.fail(failure)
        return Effect.andThen(this.#failed(failure), this.#store(target, block))
      })
    )
  }

  // Tells those who wait, and waits until it is worth another try.
  #failed(failure: StorageFailed): Effect.Effect<void> {
    const told = this.#waiting.filter(({ isAwaited }) => isAwaited)
    this.#waiting = this.#waiting.filter(({ isAwaited }) => !isAwaited)
    if (told.length === 0) this.#untold = failure
    this.#retry.closeUnsafe()
    for (const rest of told) rest.settle(Exit.fail(failure))
    // Whoever opens it is not to carry out what follows.
    return Effect.andThen(this.#retry.await, Effect.yieldNow)
  }

  #tellAll(exit: Exit.Exit<StoredFile, Failure>): void {
    const outcome = Exit.hasInterrupts(exit) ? Exit.fail(new UploadBroken()) : exit
    Deferred.doneUnsafe(this.#result, outcome)
    if (Exit.isSuccess(outcome)) return
    const failure = Exit.failCause(outcome.cause)
    Deferred.doneUnsafe(this.#begun, failure)
    for (const rest of this.#waiting.splice(0)) rest.settle(failure)
  }
}
