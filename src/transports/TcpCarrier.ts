/**
 * A TCP connection as a carrier.
 *
 * - Each `write` of bytes is one write of the socket.
 * - A stored file goes out piece by piece, the next one when the kernel has taken the last; nothing goes between them.
 * - A file that cannot be sent whole ends the connection, for its peer waits for so many bytes of it.
 */
import { Effect, type Fiber, Stream } from "effect"
import type { Socket as NetSocket } from "node:net"
import { StorageFailed } from "../domain/Rejection.ts"
import type { ByteFrame } from "../protocols/Protocol.ts"
import type { Attachments } from "../services/Attachments.ts"
import type { Carrier, CarrierListener } from "./Carrier.ts"
import * as FileContent from "./FileContent.ts"
import * as OwnBytes from "./OwnBytes.ts"
import type { SharedBatch } from "./SharedBatch.ts"

/** What a carrier needs besides its socket. */
export interface Parts {
  /** Makes the bytes of one write of frames. */
  readonly join: SharedBatch
  readonly attachments: Attachments["Service"]
  /** Runs the fiber that sends files. */
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

const isBytes = (frame: ByteFrame): frame is Uint8Array => frame instanceof Uint8Array
const areBytes = (frames: ReadonlyArray<ByteFrame>): frames is ReadonlyArray<Uint8Array> => frames.every(isBytes)
const heldBytes = (frame: ByteFrame): number =>
  isBytes(frame) ? frame.length : frame.head.length + frame.tail.length + 1

/** Makes the carrier of a socket. */
export const make = (socket: NetSocket, { attachments, join, run }: Parts): Carrier<ByteFrame> => {
  let listener: CarrierListener | undefined
  let sending: Fiber.Fiber<void> | undefined
  // Bytes of memory that frames hold which wait behind a file.
  let waitingBytes = 0

  const settled = (): void => {
    if (socket.writableLength === 0 && waitingBytes === 0) listener?.drained()
    else listener?.progressed()
  }
  socket.once("close", () => {
    sending?.interruptUnsafe()
    listener?.closed()
  })

  const writePiece = (piece: Uint8Array): Effect.Effect<void, StorageFailed> =>
    Effect.callback<void, StorageFailed>((resume) => {
      if (!socket.writable) return resume(Effect.fail(new StorageFailed()))
      socket.write(piece, (error) => {
        OwnBytes.free(piece)
        resume(error ? Effect.fail(new StorageFailed()) : Effect.void)
        listener?.progressed()
      })
    })

  const sendFrame = (frame: ByteFrame): Effect.Effect<void, StorageFailed> => {
    const sent = isBytes(frame)
      ? writePiece(frame.slice())
      : Stream.runForEach(FileContent.read(attachments, frame), writePiece)
    return Effect.andThen(
      sent,
      Effect.sync(() => {
        waitingBytes -= heldBytes(frame)
      })
    )
  }

  const send = (frames: ReadonlyArray<ByteFrame>): Effect.Effect<void> =>
    Effect.forEach(frames, sendFrame, { discard: true }).pipe(
      Effect.matchEffect({
        onSuccess: () => Effect.sync(settled),
        onFailure: () =>
          socket.destroyed
            ? Effect.void
            : Effect.andThen(
                Effect.logWarning("A file could not be sent whole"),
                Effect.sync(() => void socket.destroy())
              )
      })
    )

  return {
    write: (frames) => {
      if (!socket.writable) return
      if (areBytes(frames)) {
        socket.write(join(frames), settled)
        return
      }
      waitingBytes = frames.reduce((sum, frame) => sum + heldBytes(frame), 0)
      sending = run(send(frames))
    },
    unsentBytes: () => (socket.destroyed ? 0 : socket.writableLength + waitingBytes),
    listen: (it) => {
      listener = it
    },
    end: () => socket.destroySoon(),
    destroy: () => socket.destroy()
  }
}
