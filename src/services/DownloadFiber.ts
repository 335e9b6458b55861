/**
 * A download, from its beginning to its end: one fiber reads the file in large blocks, so that small parts of it can be had
 * from memory.
 *
 * - The last {@link limitBlocks} blocks of {@link blockBytes} bytes are kept. A part that is in them is given at once.
 * - When a block is asked for first, in order, the fiber is asked for the next one already, so that whoever reads in order
 *   seldom waits.
 * - A block that several wait for is read once, and one thing is read at a time. Whoever is interrupted while it waits for
 *   one takes nothing from the others.
 * - A block is never changed. What is given may be a view of one.
 * - The fiber opens the file and closes it. It ends by itself when nothing is asked for too long.
 */
import { Deferred, Effect, Exit, Queue, type Scope } from "effect"
import { NoSuchFile, type StorageFailed } from "../domain/Rejection.ts"
import type { OpenedFile } from "./Attachments.ts"
import type { IdleTimeout } from "./IdleTimeout.ts"

/** The size of a block; the last one of a file may be shorter. */
export const blockBytes = 128 * 1024

/** The blocks that are kept: those before, at and behind the place that is read. */
export const limitBlocks = 3

type Failure = NoSuchFile | StorageFailed

/** A part that is to be read, and those who wait for it. */
interface Wanted {
  readonly atByte: number
  readonly sizeBytes: number
  readonly bytes: Deferred.Deferred<Uint8Array, Failure>
  /** The number of the block that it is, if it is one. */
  readonly index: number | undefined
}

export class DownloadFiber {
  readonly #sizeBytes: number
  readonly #idle: IdleTimeout
  // Each block at most once, and large parts as long as somebody waits for them.
  readonly #queue: Queue.Queue<Wanted>
  readonly #unread = new Set<Wanted>()
  readonly #wantedBlocks = new Map<number, Wanted>()
  // By when they were last used: the one that is to go is the first.
  readonly #blocks = new Map<number, Uint8Array>()
  readonly #opened = Deferred.makeUnsafe<void, Failure>()
  #isOver = false
  #latestIndex = -1
  #latest: Uint8Array = new Uint8Array(0)
  // The greatest block that somebody has asked for: the one behind it is read ahead.
  #reached = -1

  private constructor(sizeBytes: number, idle: IdleTimeout, queue: Queue.Queue<Wanted>) {
    this.#sizeBytes = sizeBytes
    this.#idle = idle
    this.#queue = queue
  }

  /** Makes a download of a file of a size, which does nothing before it is run. It may be left alone as `idle` says. */
  static make(sizeBytes: number, idle: IdleTimeout): Effect.Effect<DownloadFiber> {
    return Effect.map(Queue.unbounded<Wanted>(), (queue) => new DownloadFiber(sizeBytes, idle, queue))
  }

  /** Waits until the file is open. */
  get opened(): Effect.Effect<void, Failure> {
    return Deferred.await(this.#opened)
  }

  /**
   * The bytes from index `atByte` on, all of which the file must have, in one piece. Done at once if they are in memory. A
   * large part is read as it is, and not kept.
   */
  read(atByte: number, sizeBytes: number): Effect.Effect<Uint8Array, Failure> {
    return Effect.suspend(() => {
      const isRange = Number.isInteger(atByte) && Number.isInteger(sizeBytes) && atByte >= 0 && sizeBytes >= 0
      if (this.#isOver || !isRange || atByte + sizeBytes > this.#sizeBytes) return new NoSuchFile()
      this.#idle.touch()
      if (sizeBytes === 0) return Exit.succeed(new Uint8Array(0))
      if (sizeBytes > blockBytes) return this.#wantLarge(atByte, sizeBytes)
      const first = Math.floor(atByte / blockBytes)
      const last = Math.floor((atByte + sizeBytes - 1) / blockBytes)
      const start = atByte - first * blockBytes
      const part = first === last ? this.#within(first, start, sizeBytes) : this.#across(first, start, sizeBytes)
      if (last > this.#reached) this.#reach(first, last)
      return part
    })
  }

  /**
   * What the fiber does, once. Fails if the file cannot be opened, and ends when nothing is asked for too long. `over` is
   * called when it is over, before those who wait are told.
   */
  run(
    open: Effect.Effect<OpenedFile, Failure, Scope.Scope>,
    over: () => void = () => {}
  ): Effect.Effect<void, Failure> {
    return Effect.uninterruptibleMask((restore) => {
      const work = Effect.gen({ self: this }, function* () {
        const file = yield* open
        this.#idle.touch()
        // Not if it has been interrupted meanwhile.
        yield* restore(Deferred.succeed(this.#opened, undefined))
        yield* restore(Effect.raceFirst(this.#readWanted(file), this.#idle.expired))
      })
      return Effect.onExit(Effect.scoped(work), (exit) =>
        Effect.sync(() => {
          this.#isOver = true
          this.#blocks.clear()
          over()
          this.#tellAll(exit)
        })
      )
    })
  }

  #within(index: number, start: number, sizeBytes: number): Effect.Effect<Uint8Array, Failure> {
    const block = this.#find(index)
    if (block !== undefined) return Exit.succeed(block.subarray(start, start + sizeBytes))
    return Effect.map(Deferred.await(this.#wantBlock(index).bytes), (it) => it.subarray(start, start + sizeBytes))
  }

  #across(index: number, start: number, sizeBytes: number): Effect.Effect<Uint8Array, Failure> {
    const join = (block: Uint8Array, next: Uint8Array): Uint8Array => {
      const bytes = new Uint8Array(sizeBytes)
      const head = block.subarray(start)
      bytes.set(head)
      bytes.set(next.subarray(0, sizeBytes - head.length), head.length)
      return bytes
    }
    const [block, next] = [this.#find(index), this.#find(index + 1)]
    if (block !== undefined && next !== undefined) return Exit.succeed(join(block, next))
    const head = block === undefined ? Deferred.await(this.#wantBlock(index).bytes) : Exit.succeed(block)
    const tail = next === undefined ? Deferred.await(this.#wantBlock(index + 1).bytes) : Exit.succeed(next)
    return Effect.flatMap(head, (block) => Effect.map(tail, (next) => join(block, next)))
  }

  // Whether what is read ahead succeeds is for those who ask for it.
  #reach(first: number, last: number): void {
    const isInOrder = first <= this.#reached + 1
    this.#reached = last
    if (isInOrder && (last + 1) * blockBytes < this.#sizeBytes) this.#wantBlock(last + 1)
  }

  #find(index: number): Uint8Array | undefined {
    if (index === this.#latestIndex) return this.#latest
    const block = this.#blocks.get(index)
    if (block !== undefined) this.#keep(index, block)
    return block
  }

  #keep(index: number, block: Uint8Array): void {
    this.#latestIndex = index
    this.#latest = block
    this.#blocks.delete(index)
    this.#blocks.set(index, block)
    if (this.#blocks.size <= limitBlocks) return
    for (const oldest of this.#blocks.keys()) return void this.#blocks.delete(oldest)
  }

  #wantLarge(atByte: number, sizeBytes: number): Effect.Effect<Uint8Array, Failure> {
    const wanted = this.#want(atByte, sizeBytes, undefined)
    return Effect.onInterrupt(Deferred.await(wanted.bytes), () => Effect.sync(() => this.#unread.delete(wanted)))
  }

  #wantBlock(index: number): Wanted {
    const atByte = index * blockBytes
    const sizeBytes = Math.min(blockBytes, this.#sizeBytes - atByte)
    return this.#wantedBlocks.get(index) ?? this.#want(atByte, sizeBytes, index)
  }

  #want(atByte: number, sizeBytes: number, index: number | undefined): Wanted {
    const wanted: Wanted = { atByte, sizeBytes, index, bytes: Deferred.makeUnsafe() }
    this.#unread.add(wanted)
    if (index !== undefined) this.#wantedBlocks.set(index, wanted)
    Queue.offerUnsafe(this.#queue, wanted)
    return wanted
  }

  #readWanted(file: OpenedFile): Effect.Effect<never> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        const wanted = yield* Queue.take(this.#queue)
        if (!this.#unread.has(wanted)) continue
        const exit = yield* Effect.exit(file.read(wanted.atByte, wanted.sizeBytes))
        this.#idle.touch()
        this.#unread.delete(wanted)
        if (wanted.index !== undefined) {
          this.#wantedBlocks.delete(wanted.index)
          if (Exit.isSuccess(exit)) this.#keep(wanted.index, exit.value)
        }
        Deferred.doneUnsafe(wanted.bytes, exit)
      }
    })
  }

  #tellAll(exit: Exit.Exit<void, Failure>): void {
    const isFailed = Exit.isFailure(exit) && !Exit.hasInterrupts(exit)
    const failure = isFailed ? Exit.failCause(exit.cause) : Exit.fail(new NoSuchFile())
    Deferred.doneUnsafe(this.#opened, failure)
    for (const { bytes } of this.#unread) Deferred.doneUnsafe(bytes, failure)
    this.#unread.clear()
  }
}
