/** The bytes of a frame that has a stored file in it. */
import { Effect, Stream } from "effect"
import { StorageFailed } from "../domain/Rejection.ts"
import type { FileFrame } from "../protocols/Protocol.ts"
import type { Attachments } from "../services/Attachments.ts"

/** Base64 of pieces that may be cut anywhere: what does not fill three bytes waits for the next piece. */
const base64 = <E>(pieces: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E> =>
  pieces.pipe(
    Stream.mapAccum(
      () => Buffer.alloc(0),
      (rest, piece) => {
        const bytes = Buffer.concat([rest, piece])
        const whole = bytes.length - (bytes.length % 3)
        return [bytes.subarray(whole), [Buffer.from(bytes.subarray(0, whole).toString("base64"))]] as const
      },
      { onHalt: (rest) => [Buffer.from(rest.toString("base64"))] }
    )
  )

/** Reads a frame in pieces of about 64 KiB, in order, which nobody else has. Fails if the file is not there or is not what the frame says. */
export const read = (attachments: Attachments["Service"], frame: FileFrame): Stream.Stream<Uint8Array, StorageFailed> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const file = yield* attachments.find(frame.file)
      if (file === undefined || file.sizeBytes !== frame.sizeBytes) return yield* new StorageFailed()
      const content = attachments.read(file)
      const encoded = frame.encoding === "base64" ? base64(content) : content
      // Head and tail are shared by all recipients.
      return Stream.make(frame.head.slice()).pipe(
        Stream.concat(encoded),
        Stream.concat(Stream.make(frame.tail.slice()))
      )
    })
  )
