/**
 * Reads a file in large blocks, so that small parts of it can be had from memory.
 *
 * - The last {@link limitBlocks} blocks of {@link blockBytes} bytes are kept. What is in them is answered at once.
 * - When a block is asked for first, the next one is read already, so that whoever reads in order seldom waits.
 * - A block that several wait for is read once, and one block is read at a time.
 * - A block is never changed. What is returned may be a view of one.
 */
import { Deferred, Effect, Exit, type Scope, Semaphore } from "effect"
import type { StorageFailed } from "../domain/Rejection.ts"
import type { OpenedFile } from "./Attachments.ts"

/** The size of a block; the last one of a file may be shorter. */
export const blockBytes = 128 * 1024

/** The blocks that are kept: those before, at and behind the place that is read. */
export const limitBlocks = 3

export class ReadAhead {
  readonly #file: OpenedFile
  readonly #sizeBytes: number
  readonly #scope: Scope.Scope
  // By when they were last used: the one that is to go is the first.
  readonly #blocks = new Map<number, Uint8Array>()
  readonly #loading = new Map<number, Deferred.Deferred<Uint8Array, StorageFailed>>()
  readonly #lock = Semaphore.makeUnsafe(1)
  #latestIndex = -1
  #latest: Uint8Array = new Uint8Array(0)
  // The greatest block that somebody has asked for: the one behind it is read ahead.
  #reached = -1

  /** What is read ahead ends with the scope. */
  constructor(file: OpenedFile, sizeBytes: number, scope: Scope.Scope) {
    this.#file = file
    this.#sizeBytes = sizeBytes
    this.#scope = scope
  }

  /** The bytes from index `atByte` on, all of which the file has. A large part is read as it is, and not kept. */
  read(atByte: number, sizeBytes: number): Effect.Effect<Uint8Array, StorageFailed> {
    if (sizeBytes === 0) return Effect.succeed(new Uint8Array(0))
    if (sizeBytes > blockBytes) return this.#file.read(atByte, sizeBytes)
    const first = Math.floor(atByte / blockBytes)
    const last = Math.floor((atByte + sizeBytes - 1) / blockBytes)
    const part = this.#part(first, last, atByte - first * blockBytes, sizeBytes)
    if (last <= this.#reached) return part
    const isInOrder = first <= this.#reached + 1
    this.#reached = last
    return isInOrder ? Effect.tap(part, () => this.#ahead(last + 1)) : part
  }

  #part(first: number, last: number, start: number, sizeBytes: number): Effect.Effect<Uint8Array, StorageFailed> {
    const cut = (block: Uint8Array) => block.subarray(start, start + sizeBytes)
    const block = this.#find(first)
    if (first === last) return block === undefined ? Effect.map(this.#block(first), cut) : Effect.succeed(cut(block))
    const next = this.#find(last)
    const join = (block: Uint8Array, next: Uint8Array): Uint8Array => {
      const bytes = new Uint8Array(sizeBytes)
      const head = block.subarray(start)
      bytes.set(head)
      bytes.set(next.subarray(0, sizeBytes - head.length), head.length)
      return bytes
    }
    if (block !== undefined && next !== undefined) return Effect.succeed(join(block, next))
    return Effect.flatMap(block === undefined ? this.#block(first) : Effect.succeed(block), (block) =>
      Effect.map(this.#block(last), (next) => join(block, next))
    )
  }

  // Whether that succeeds is for those who ask for it.
  #ahead(index: number): Effect.Effect<void> {
    if (index * blockBytes >= this.#sizeBytes) return Effect.void
    return Effect.asVoid(Effect.forkIn(Effect.exit(this.#block(index)), this.#scope, { startImmediately: true }))
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

  // Not interrupted, because others may wait for the same block.
  #block(index: number): Effect.Effect<Uint8Array, StorageFailed> {
    return Effect.suspend((): Effect.Effect<Uint8Array, StorageFailed> => {
      const block = this.#find(index)
      if (block !== undefined) return Effect.succeed(block)
      const loading = this.#loading.get(index)
      if (loading !== undefined) return Deferred.await(loading)
      const loaded = Deferred.makeUnsafe<Uint8Array, StorageFailed>()
      this.#loading.set(index, loaded)
      const atByte = index * blockBytes
      const load = this.#file.read(atByte, Math.min(blockBytes, this.#sizeBytes - atByte))
      return Effect.onExit(this.#lock.withPermit(load), (exit) =>
        Effect.sync(() => {
          this.#loading.delete(index)
          if (Exit.isSuccess(exit)) this.#keep(index, exit.value)
          Deferred.doneUnsafe(loaded, exit)
        })
      )
    }).pipe(Effect.uninterruptible)
  }
}
