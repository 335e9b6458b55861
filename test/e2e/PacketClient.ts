/** Clients of the packet protocol, over real UDP and TCP. */
import { Effect, Queue, Result, type Scope } from "effect"
import { createSocket } from "node:dgram"
import { connect } from "node:net"
import * as PacketCodec from "../../src/protocols/packet/PacketCodec.ts"
import * as PacketReader from "../../src/protocols/packet/PacketReader.ts"
import { chunkBytes, chunkCount } from "../../src/protocols/packet/PacketNumber.ts"
import type { Request } from "../../src/protocols/packet/PacketRequest.ts"
import type { Response } from "../../src/protocols/packet/PacketResponse.ts"
import { inbox } from "./Clients.ts"

type ResponseOf<Tag extends Response["_tag"]> = Response & { readonly _tag: Tag }

export interface PacketClient {
  readonly send: (...requests: ReadonlyArray<Request>) => Effect.Effect<void>
  readonly sendBytes: (bytes: Uint8Array) => Effect.Effect<void>
  /** The next packet of a kind; those before it are skipped, but for messages, which are confirmed. */
  readonly next: <Tag extends Response["_tag"]>(tag: Tag) => Effect.Effect<ResponseOf<Tag>>
  /** Logs in, over UDP by the confirmation of the greeting; gives the session number. */
  readonly login: (name: string) => Effect.Effect<ResponseOf<"SessionCookie">>
  /** The text of the next message. */
  readonly heard: Effect.Effect<string>
  /** Uploads a file, all chunks without waiting; gives its number when it is stored. */
  readonly upload: (session: bigint, name: string, content: Uint8Array) => Effect.Effect<bigint>
  readonly download: (session: bigint, file: bigint) => Effect.Effect<Uint8Array>
  readonly close: () => void
}

const inFlight = 32
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

const make = (
  queue: Queue.Queue<Response>,
  sendBytes: (bytes: Uint8Array) => Effect.Effect<void>,
  close: () => void,
  isReliable: boolean
): PacketClient => {
  const { take } = inbox(queue)
  const send = (...requests: ReadonlyArray<Request>) =>
    Effect.forEach(requests, (request) => sendBytes(PacketCodec.writeRequest(request)), { discard: true })
  const next = Effect.fnUntraced(function* <Tag extends Response["_tag"]>(tag: Tag) {
    for (;;) {
      const response = yield* take
      if (response._tag === "IncomingMessage" && !isReliable) {
        yield* send({ _tag: "IncomingMessageResponse", message: response.message })
      }
      if (response._tag === tag) return response as ResponseOf<Tag>
    }
  })
  const upload = Effect.fnUntraced(function* (session: bigint, name: string, content: Uint8Array) {
    yield* send({ _tag: "UploadRequest", session, sizeBytes: content.length, name })
    const { file, transaction } = yield* next("TransferResponse")
    const chunks = Array.from({ length: chunkCount(content.length) }, (_, chunk) => chunk)
    for (const chunk of chunks.toReversed()) {
      const blob = content.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes)
      yield* send({ _tag: "UploadChunkRequest", transaction, chunk, blob })
    }
    const answered = new Set<number>()
    while (answered.size < chunks.length) answered.add((yield* next("UploadChunkResponse")).chunk)
    return file
  })
  const download = Effect.fnUntraced(function* (session: bigint, file: bigint) {
    yield* send({ _tag: "FileDataRequest", session, file })
    const { sizeBytes } = yield* next("FileDataResponse")
    yield* send({ _tag: "DownloadRequest", session, file })
    const { transaction } = yield* next("TransferResponse")
    const content = new Uint8Array(sizeBytes)
    const count = chunkCount(sizeBytes)
    const ask = (chunk: number) => send({ _tag: "DownloadChunkRequest", transaction, chunk })
    // What comes at once fits into the buffer of a socket, or some of it would be lost.
    for (let chunk = 0; chunk < Math.min(inFlight, count); chunk++) yield* ask(chunk)
    for (let come = 0; come < count; come++) {
      const { blob, chunk } = yield* next("DownloadChunkResponse")
      content.set(blob, chunk * chunkBytes)
      if (come + inFlight < count) yield* ask(come + inFlight)
    }
    return content
  })
  const login = Effect.fnUntraced(function* (name: string) {
    yield* send({ _tag: "SessionRequest", name })
    const cookie = yield* next("SessionCookie")
    if (!isReliable) yield* next("IncomingMessage")
    return cookie
  })
  return {
    send,
    sendBytes,
    next,
    login,
    heard: Effect.map(next("IncomingMessage"), ({ blob }) => utf8.decode(blob)),
    upload,
    download,
    close
  }
}

/** Connects over TCP. */
export const tcp = Effect.fnUntraced(function* (url: string): Effect.fn.Return<PacketClient, never, Scope.Scope> {
  const { hostname, port } = new URL(url)
  const queue = yield* Queue.unbounded<Response>()
  const reader = PacketReader.makeResponses()
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => connect(Number(port), hostname)),
    (socket) => Effect.sync(() => socket.destroy())
  )
  socket.on("error", () => {})
  socket.on("data", (bytes: Uint8Array) => {
    for (const packet of reader.read(bytes)) {
      if (packet._tag !== "Lost" && packet._tag !== "Malformed") Queue.offerUnsafe(queue, packet)
    }
  })
  return make(
    queue,
    (bytes) => Effect.sync(() => void socket.write(bytes)),
    () => socket.end(),
    true
  )
})

/** Opens a UDP socket of its own. */
export const udp = Effect.fnUntraced(function* (url: string): Effect.fn.Return<PacketClient, never, Scope.Scope> {
  const { hostname, port } = new URL(url)
  const queue = yield* Queue.unbounded<Response>()
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => createSocket("udp4")),
    (socket) => Effect.sync(() => socket.close())
  )
  // A server that has ended refuses what is still under way.
  socket.on("error", () => {})
  socket.on("message", (bytes) => {
    const response = PacketCodec.readResponse(bytes)
    if (Result.isSuccess(response)) Queue.offerUnsafe(queue, response.success)
  })
  yield* Effect.callback<void>((resume) => socket.connect(Number(port), hostname, () => resume(Effect.void)))
  const sendBytes = (bytes: Uint8Array) =>
    Effect.callback<void>((resume) => socket.send(bytes, () => resume(Effect.void)))
  return make(queue, sendBytes, () => {}, false)
})
