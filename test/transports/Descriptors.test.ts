import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { connect, Socket } from "node:net"
import * as ChatMasterProtocol from "../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Peer } from "../../src/testing/mod.ts"
import { Connections } from "../../src/transports/Connections.ts"
import { Descriptors, limitConnections } from "../../src/transports/Descriptors.ts"
import * as TcpListener from "../../src/transports/TcpListener.ts"

const logging = () => {
  const lines: Array<unknown> = []
  return { lines, layer: Logger.layer([Logger.make(({ message }) => void lines.push(message))]) }
}

describe("limitConnections()", () => {
  it("keeps a quarter back, 64 at least and 1024 at most, and never more than half", () => {
    const limits = [64, 128, 256, 1024, 20_000, 1_048_576].map(limitConnections)
    assert.deepStrictEqual(limits, [32, 64, 192, 768, 18_976, 1_047_552])
  })
})

describe("Descriptors", () => {
  it.effect("has so many connections and no more, and tells of it once until there is room again", () => {
    const { layer, lines } = logging()
    return Effect.gen(function* () {
      const { count, hold, ranOut } = yield* Descriptors
      const sockets = Array.from({ length: 20 }, () => new Socket())
      for (const socket of sockets) assert.isTrue(hold(socket))
      for (let times = 0; times < 5; times++) assert.isFalse(hold(new Socket()))
      ranOut()
      assert.lengthOf(lines, 1)
      sockets[0]!.emit("close")
      assert.isTrue(hold(sockets[0]!.removeAllListeners()))
      assert.isFalse(hold(new Socket()))
      assert.lengthOf(lines, 1)
      for (const socket of sockets.splice(0, 2)) socket.emit("close")
      assert.strictEqual(count(), 18)
      ranOut()
      assert.lengthOf(lines, 2)
    }).pipe(Effect.provide(Descriptors.layerLimit(20).pipe(Layer.provideMerge(layer))))
  })

  it.live("is asked by TCP ports, which tell the peer in the words of its protocol", () => {
    const { layer, lines } = logging()
    return Effect.gen(function* () {
      const service = yield* Effect.flatMap(Connections, ({ serve }) => serve(ChatMasterProtocol.make()))
      const address = yield* TcpListener.listen(service, { host: "127.0.0.1", port: 0 })
      const port = Number(address.slice(address.lastIndexOf(":") + 1))
      const come = Effect.acquireRelease(
        Effect.callback<{ readonly socket: Socket; readonly text: string }>((resume) => {
          const socket = connect(port, "127.0.0.1")
          socket.on("error", () => {})
          socket.once("data", (bytes: Buffer) => resume(Effect.succeed({ socket, text: bytes.toString() })))
        }),
        ({ socket }) => Effect.sync(() => socket.destroy())
      )
      const first = yield* come
      yield* come
      assert.include(first.text, '"login"')
      for (let times = 0; times < 3; times++) assert.include((yield* come).text, "too many connections")
      assert.lengthOf(
        lines.filter((line) => JSON.stringify(line).includes("descriptors")),
        1
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Descriptors.layerLimit(2).pipe(
          Layer.provideMerge(Layer.merge(Peer.layer(), Attachments.layerMemory)),
          Layer.provideMerge(layer)
        )
      )
    )
  })
})
