import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, FiberSet, type Scope } from "effect"
import { createServer, connect, type Socket, type AddressInfo } from "node:net"
import { Attachments } from "../../src/services/Attachments.ts"
import type { Carrier } from "../../src/transports/Carrier.ts"
import type { ByteFrame, FileFrame } from "../../src/protocols/Protocol.ts"
import { makeJoin, TcpCarrier } from "../../src/transports/TcpCarrier.ts"

const utf8 = new TextEncoder()

/** A connection over a real socket: its carrier, and its other end. */
const connection: Effect.Effect<
  { readonly carrier: Carrier<ByteFrame>; readonly socket: Socket; readonly client: Socket },
  never,
  Attachments | Scope.Scope
> = Effect.gen(function* () {
  const attachments = yield* Attachments
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const accepted = Deferred.makeUnsafe<Socket>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer((socket) => Deferred.doneUnsafe(accepted, Effect.succeed(socket)))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => connect((server.address() as AddressInfo).port, "127.0.0.1")),
    (client) => Effect.sync(() => client.destroy())
  )
  client.on("error", () => {})
  const socket = yield* Deferred.await(accepted)
  socket.on("error", () => {})
  return { carrier: new TcpCarrier(socket, { join: makeJoin(), attachments, sockets: new Set(), run }), socket, client }
})

const store = Effect.fnUntraced(function* (content: Uint8Array) {
  const attachments = yield* Attachments
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const upload = yield* attachments.begin(content.length)
      yield* upload.write(content, 0)
      return yield* upload.keep("a.bin")
    })
  )
})

const frame = (file: number, sizeBytes: number, encoding: FileFrame["encoding"] = "raw"): FileFrame => ({
  _tag: "FileFrame",
  head: utf8.encode("<"),
  file,
  sizeBytes,
  encoding,
  tail: utf8.encode(">")
})

/** All that comes until the other side ends. */
const received = (client: Socket): Effect.Effect<Buffer> =>
  Effect.callback<Buffer>((resume) => {
    const reads: Array<Buffer> = []
    client.on("data", (read: Buffer) => reads.push(read))
    client.once("close", () => resume(Effect.succeed(Buffer.concat(reads))))
  })

const drained = (carrier: Carrier<ByteFrame>): Effect.Effect<{ readonly steps: number }> =>
  Effect.callback((resume) => {
    let steps = 0
    carrier.listen({
      answering: () => {},
      failed: () => {},
      progressed: () => void steps++,
      drained: () => resume(Effect.succeed({ steps })),
      closed: () => {}
    })
  })

describe("TcpCarrier", () => {
  it.live("sends a file where it belongs, piece by piece, and tells of its progress", () =>
    Effect.gen(function* () {
      const content = Buffer.alloc(1_000_000, "0123456789")
      const file = yield* store(content)
      const { carrier, client } = yield* connection
      const all = yield* Effect.forkScoped(received(client), { startImmediately: true })
      const done = yield* Effect.forkScoped(drained(carrier), { startImmediately: true })
      carrier.write([utf8.encode("a"), frame(file.number, content.length), utf8.encode("b")])
      assert.isAbove(carrier.unsentBytes(), 0)
      const { steps } = yield* Fiber.join(done)
      assert.isAbove(steps, 10)
      assert.strictEqual(carrier.unsentBytes(), 0)
      carrier.write([utf8.encode("c")])
      carrier.end()
      const bytes = yield* Fiber.join(all)
      assert.strictEqual(bytes.length, content.length + 5)
      assert.strictEqual(bytes.subarray(0, 3).toString(), "a<0")
      assert.strictEqual(bytes.subarray(-4).toString(), "9>bc")
      assert.isTrue(bytes.subarray(2, -3).equals(content))
    }).pipe(Effect.scoped, Effect.provide(Attachments.layerMemory))
  )

  for (const size of [0, 1, 2, 3, 65_536, 200_000]) {
    it.live(`sends ${size} bytes of a file as base64`, () =>
      Effect.gen(function* () {
        const content = Buffer.alloc(size, "abc\0\u00ff")
        const file = yield* store(content)
        const { carrier, client } = yield* connection
        const all = yield* Effect.forkScoped(received(client), { startImmediately: true })
        const done = yield* Effect.forkScoped(drained(carrier), { startImmediately: true })
        carrier.write([frame(file.number, size, "base64")])
        yield* Fiber.join(done)
        carrier.end()
        assert.strictEqual((yield* Fiber.join(all)).toString(), `<${content.toString("base64")}>`)
      }).pipe(Effect.scoped, Effect.provide(Attachments.layerMemory))
    )
  }

  it.live("ends the connection if the file is not there or has another size", () =>
    Effect.gen(function* () {
      const file = yield* store(Buffer.from("hello"))
      for (const wrong of [frame(7, 5), frame(file.number, 6)]) {
        const { carrier, client } = yield* connection
        const all = yield* Effect.forkScoped(received(client), { startImmediately: true })
        carrier.write([utf8.encode("a"), wrong, utf8.encode("b")])
        assert.notInclude((yield* Fiber.join(all)).toString(), "b")
      }
    }).pipe(Effect.scoped, Effect.provide(Attachments.layerMemory))
  )

  it.live("stops reading when the peer goes in the middle", () =>
    Effect.gen(function* () {
      const content = Buffer.alloc(20_000_000, "x")
      const file = yield* store(content)
      const { carrier, client, socket } = yield* connection
      const closed = yield* Effect.forkScoped(
        Effect.callback<void>((resume) => {
          carrier.listen({
            answering: () => {},
            failed: () => {},
            progressed: () => {},
            drained: () => {},
            closed: () => resume(Effect.void)
          })
        }),
        { startImmediately: true }
      )
      client.once("data", () => client.resetAndDestroy())
      carrier.write([frame(file.number, content.length)])
      yield* Fiber.join(closed)
      assert.isTrue(socket.destroyed)
      assert.strictEqual(carrier.unsentBytes(), 0)
    }).pipe(Effect.scoped, Effect.provide(Attachments.layerMemory))
  )
})
