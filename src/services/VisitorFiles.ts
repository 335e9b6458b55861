/** How a visitor sends and fetches files: by the commands of any client, one piece after another. */
import { Effect, Stream } from "effect"
import type { Command, Reply } from "../domain/Command.ts"
import type { FileSummary } from "../domain/FileSummary.ts"
import type { Message } from "../domain/Message.ts"
import type { Rejection } from "../domain/Rejection.ts"

/** A file to be sent: what to call it, its bytes and how many they are; and what to say with it, where or to whom. */
export interface Sent<E = never, R = never> {
  readonly name: string
  readonly sizeBytes: number
  readonly bytes: Stream.Stream<Uint8Array, E, R>
  readonly text?: string
  readonly room?: string
  /** Whom it is sent to alone, by name or by public number. */
  readonly to?: string | number
}

const pieceBytes = 65_536

/** Makes what fetches and sends files, by what carries out the commands of one session. */
export const make = (run: (command: Command) => Effect.Effect<Reply, Rejection>) => {
  // Transfers of one session are told apart by their keys, and whoever runs commands itself takes those from 0 on.
  let lastKey = 0

  const piece = (key: number, atByte: number, sizeBytes: number): Effect.Effect<Uint8Array, Rejection> =>
    Effect.map(run({ _tag: "ReadDownload", key, atByte, sizeBytes }), (reply) =>
      reply._tag === "FileRead" ? reply.bytes : new Uint8Array()
    )

  const pieces = (key: number, { sizeBytes }: FileSummary): Stream.Stream<Uint8Array, Rejection> =>
    Stream.unfold(0, (atByte) => {
      if (atByte >= sizeBytes) return Effect.undefined
      const count = Math.min(pieceBytes, sizeBytes - atByte)
      return Effect.map(piece(key, atByte, count), (bytes) => [bytes, atByte + count] as const)
    })

  const readFile = (file: number): Stream.Stream<Uint8Array, Rejection> =>
    Stream.unwrap(
      Effect.gen(function* () {
        const key = --lastKey
        const begun = yield* Effect.acquireRelease(run({ _tag: "BeginDownload", key, file }), () =>
          Effect.ignore(run({ _tag: "DropDownload", key }))
        )
        return begun._tag === "DownloadBegun" ? pieces(key, begun.file) : Stream.empty
      })
    )

  const sendFile = <E = never, R = never>(file: Sent<E, R>): Effect.Effect<Message, Rejection | E, R> =>
    Effect.gen(function* () {
      const { bytes, name, room, sizeBytes, text = "", to } = file
      const key = --lastKey
      // What was shared is no upload any more: then there is nothing to drop.
      yield* Effect.acquireRelease(run({ _tag: "BeginUpload", key, sizeBytes }), () =>
        Effect.ignore(run({ _tag: "DropUpload", key }))
      )
      let atByte = 0
      yield* Stream.runForEach(bytes, (some) => {
        const from = atByte
        atByte += some.length
        return run({ _tag: "WriteUpload", key, atByte: from, bytes: some })
      })
      const upload = { key, name }
      const said: Command =
        to === undefined
          ? { _tag: "Say", text, upload, isLiteral: true, ...(room !== undefined && { room }) }
          : { _tag: "Tell", to, text, upload }
      const reply = yield* run(said)
      if (reply._tag !== "Accepted") return yield* Effect.die(new Error(`Expected Accepted, got ${reply._tag}`))
      return reply.message
    }).pipe(Effect.scoped)

  return { readFile, sendFile }
}
