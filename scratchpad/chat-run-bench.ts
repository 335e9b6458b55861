import { Effect, Layer } from "effect"
import { Chat } from "../src/services/Chat.ts"
import { defaults, Limits } from "../src/services/Limits.ts"
const program = Effect.gen(function* () {
  const chat = yield* Chat
  const session = yield* chat.login({ name: "a", protocol: "embedded", address: "", outlet: { deliver() {}, hangUp() {}, queuedBytes: () => 0 } })
  const bytes = new Uint8Array(256)
  const size = 50 * 1024 * 1024
  const n = size / 256
  for (let round = 0; round < 6; round++) {
    yield* chat.run(session, { _tag: "BeginUpload", key: 1, sizeBytes: size })
    const order = round % 2 === 0
    let t = performance.now()
    for (let i = 0; i < n; i++) {
      const j = order ? i : (i & ~31) | ((i * 7) & 31)
      yield* chat.run(session, { _tag: "WriteUpload", key: 1, atByte: j * 256, bytes })
    }
    console.log(order ? "write" : "write reordered", ((performance.now() - t) * 1000 / n).toFixed(3), "us")
    yield* chat.run(session, { _tag: "Say", text: "f", upload: { key: 1, name: "f" } })
    yield* chat.run(session, { _tag: "BeginDownload", key: 1, file: round + 1 })
    t = performance.now()
    for (let i = 0; i < n; i++) {
      yield* chat.run(session, { _tag: "ReadDownload", key: 1, atByte: i * 256, sizeBytes: 256 })
    }
    console.log("read", ((performance.now() - t) * 1000 / n).toFixed(3), "us")
  }
})
await Effect.runPromise(program.pipe(Effect.provide(Chat.layer.pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0 }))))))
