import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { request } from "node:http"
import { connect, type Socket } from "node:net"
import { Upload } from "tus-js-client"
import { routes } from "../../src/app/UploadRoutes.ts"
import { ProtocolName } from "../../src/domain/Message.ts"
import type { StorageFailed } from "../../src/domain/Rejection.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { uploadPath } from "../../src/services/Links.ts"
import { ResumableUploads } from "../../src/services/ResumableUploads.ts"
import * as HttpListener from "../../src/transports/HttpListener.ts"
import { content } from "../services/AttachmentsSuite.ts"

const limitBytes = 1000

const serving = <A>(
  use: (url: string, id: string) => Effect.Effect<A, StorageFailed, Attachments | ResumableUploads>,
  sizeBytes = 10
) =>
  Effect.gen(function* () {
    const [chat, uploads] = [yield* Chat, yield* ResumableUploads]
    const listener = yield* HttpListener.listen(
      "uploads",
      { host: "127.0.0.1", port: 0 },
      routes(uploads, limitBytes),
      () => Effect.void
    )
    const outlet = { deliver: () => {}, hangUp: () => {}, queuedBytes: () => 0 }
    const session = yield* chat.login({ name: "alice", protocol: ProtocolName.make("sockets"), address: "", outlet })
    const id = yield* uploads.open(session, "a.bin", sizeBytes)
    return yield* use(`${listener.url}${uploadPath(id)}`, id)
  }).pipe(Effect.scoped, Effect.provide(Layer.fresh(Chat.layer)))

const usual = { "tus-resumable": "1.0.0" }
const octets = { "content-type": "application/offset+octet-stream" }

const ask = (url: string, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, { ...init, headers: { ...usual, ...init.headers } })
    await response.arrayBuffer()
    return { status: response.status, header: (name: string) => response.headers.get(name) }
  })

const patch = (url: string, offset: number | string, body: string, headers: Record<string, string> = {}) =>
  ask(url, { method: "PATCH", body, headers: { ...octets, "upload-offset": String(offset), ...headers } })

describe("UploadRoutes", () => {
  it.effect("HEAD tells how far it came, PATCH goes on, and the last one tells the file", () =>
    serving((url) =>
      Effect.gen(function* () {
        const before = yield* ask(url, { method: "HEAD" })
        assert.deepStrictEqual(
          [before.status, before.header("upload-offset"), before.header("upload-length"), before.header("upload-file")],
          [200, "0", "10", null]
        )
        assert.deepStrictEqual([before.header("tus-resumable"), before.header("cache-control")], ["1.0.0", "no-store"])
        const half = yield* patch(url, 0, "01234")
        assert.deepStrictEqual(
          [half.status, half.header("upload-offset"), half.header("upload-file")],
          [204, "5", null]
        )
        const whole = yield* patch(url, 5, "56789")
        const file = whole.header("upload-file")
        assert.deepStrictEqual([whole.status, whole.header("upload-offset")], [204, "10"])
        assert.strictEqual((yield* (yield* Attachments).findById(file!))?.name, "a.bin")
        assert.strictEqual((yield* ask(url, { method: "HEAD" })).header("upload-file"), file)
      })
    )
  )

  it.effect("refuses what is not the protocol", () =>
    serving((url) =>
      Effect.gen(function* () {
        const status = (answer: Effect.Effect<{ readonly status: number }>) =>
          Effect.map(answer, ({ status }) => status)
        assert.strictEqual(yield* status(patch(url, 3, "x")), 409)
        assert.strictEqual(yield* status(patch(url, "x", "x")), 400)
        assert.strictEqual(yield* status(patch(url, "-1", "x")), 400)
        assert.strictEqual(yield* status(patch(url, 0, "x", { "content-type": "text/plain" })), 415)
        assert.strictEqual(yield* status(patch(url, 0, "01234567890")), 413)
        assert.strictEqual(yield* status(patch(url, 0, "x", { "tus-resumable": "0.2.2" })), 412)
        assert.strictEqual(yield* status(patch(`${url}x`, 0, "x")), 404)
        assert.strictEqual(yield* status(ask(`${url}x`, { method: "HEAD" })), 404)
        assert.strictEqual((yield* ask(url, { method: "HEAD" })).header("upload-offset"), "0")
      })
    )
  )

  it.effect("more bytes than were announced are refused, also when nobody has said how many come", () =>
    serving((url) =>
      Effect.gen(function* () {
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(content(11))
            controller.close()
          }
        })
        const init = { method: "PATCH", body, duplex: "half", headers: { ...octets, "upload-offset": "0" } }
        assert.strictEqual((yield* ask(url, init as RequestInit)).status, 413)
      })
    )
  )

  it.effect("a request that breaks off leaves what came of it", () =>
    serving((url, id) =>
      Effect.gen(function* () {
        const uploads = yield* ResumableUploads
        yield* Effect.promise(
          () =>
            new Promise<void>((resolve) => {
              const headers = { ...usual, ...octets, "upload-offset": "0", "content-length": "10" }
              const half = request(url, { method: "PATCH", headers })
              half.on("error", () => {}).on("close", () => resolve())
              half.write("0123")
              const look = () => {
                if (uploads.find(id)?.receivedBytes === 4) half.destroy()
                else setImmediate(look)
              }
              look()
            })
        )
        assert.strictEqual((yield* ask(url, { method: "HEAD" })).header("upload-offset"), "4")
        assert.strictEqual((yield* patch(url, 4, "456789")).status, 204)
      })
    )
  )

  const heads = { chunked: ["transfer-encoding: chunked"], counted: ["content-length: 10"] }
  const bodies = { chunked: ["4\r\n0123\r\n", "6\r\n456789\r\n"], counted: ["0123", "456789"] }
  const ends = {
    "lacks its last chunk": () => {},
    "is closed behind the last byte": (socket: Socket) => void socket.end(),
    "is reset behind the last byte": (socket: Socket) => void socket.resetAndDestroy()
  }
  for (const kind of ["chunked", "counted"] as const) {
    for (const [how, end] of Object.entries(ends)) {
      it.effect(`the file is there when all bytes are, though a ${kind} request ${how}`, () =>
        serving((url) =>
          Effect.gen(function* () {
            const { hostname, pathname, port } = new URL(url)
            const socket = connect(Number(port), hostname).on("error", () => {})
            yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()))
            const headers = Object.entries({ ...usual, ...octets, "upload-offset": "0", host: hostname })
            const lines = [...headers.map(([name, value]) => `${name}: ${value}`), ...heads[kind]]
            socket.write(`PATCH ${pathname} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`)
            const headAt = (offset: string) =>
              Effect.repeat(ask(url, { method: "HEAD" }), { until: ({ header }) => header("upload-offset") === offset })
            const [first, last] = bodies[kind]
            socket.write(first!)
            yield* headAt("4")
            socket.write(last!, () => end(socket))
            const file = (yield* headAt("10")).header("upload-file")
            const stored = yield* (yield* Attachments).findById(file!)
            assert.strictEqual(stored?.sizeBytes, 10)
          }).pipe(Effect.scoped)
        )
      )
    }
  }

  it.effect("DELETE ends an upload", () =>
    serving((url) =>
      Effect.gen(function* () {
        assert.strictEqual((yield* ask(url, { method: "DELETE" })).status, 204)
        assert.strictEqual((yield* ask(url, { method: "DELETE" })).status, 404)
        assert.strictEqual((yield* patch(url, 0, "x")).status, 404)
      })
    )
  )

  it.effect("OPTIONS tells what there is", () =>
    serving((url) =>
      Effect.gen(function* () {
        const answer = yield* ask(url, { method: "OPTIONS" })
        assert.deepStrictEqual(
          [answer.status, answer.header("tus-version"), answer.header("tus-extension"), answer.header("tus-max-size")],
          [204, "1.0.0", "termination", String(limitBytes)]
        )
      })
    )
  )

  it.effect("tus-js-client sends a file, in parts", () =>
    serving(
      (url, id) =>
        Effect.gen(function* () {
          const bytes = content(200_000)
          yield* Effect.promise(
            () =>
              new Promise<void>((resolve, reject) =>
                new Upload(Buffer.from(bytes), {
                  uploadUrl: url,
                  chunkSize: 65_000,
                  retryDelays: null,
                  onError: reject,
                  onSuccess: () => resolve()
                }).start()
              )
          )
          const { file } = (yield* ResumableUploads).find(id)!
          assert.strictEqual((yield* (yield* Attachments).findById(file!))?.sizeBytes, 200_000)
        }),
      200_000
    )
  )
})
