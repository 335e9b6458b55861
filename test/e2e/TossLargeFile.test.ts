import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import * as Toss from "../protocols/toss/Client.ts"
import * as Program from "./RunningProgram.ts"

const megabytes = 100
const piece = new Uint8Array(1024 * 1024).map((_, index) => (index * 7919) >> 3)
const sizeBytes = megabytes * piece.length
const digest = createHash("sha256")
for (let count = 0; count < megabytes; count++) digest.update(piece)
const sha256 = digest.digest("hex")

/** The most memory that a process has had, in bytes; undefined where that cannot be read. */
const peakBytes = (pid: number): number | undefined => {
  const status = `/proc/${pid}/status`
  return existsSync(status) ? Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(status, "utf8"))![1]) * 1024 : undefined
}

const join = (url: string, name: string) =>
  Effect.acquireRelease(
    Effect.callback<Socket>((resume) => {
      const { hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname)
      socket.write(Toss.logIn(name))
      socket.once("data", () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

/** Writes the file as an announced message, as fast as it is taken. */
const sendFile = (socket: Socket) =>
  Effect.gen(function* () {
    const name = "large.bin"
    const data = `message|l0|;attachment|f${sizeBytes}|`
    const dataBytes = data.length + sizeBytes + name.length + 1
    const head = `action|l12|send-message;data|s${dataBytes}|${data}`
    const tail = `${name};;`
    const total = head.length + sizeBytes + tail.length
    const write = (bytes: string | Uint8Array) =>
      Effect.callback<void>((resume) => {
        socket.write(bytes, () => resume(Effect.void))
      })
    yield* write(`action|l6|chunks;data|s${11 + String(total).length}|chunks|n${String(total).length}|${total};;`)
    yield* write(head)
    yield* Effect.forEach(Array.from({ length: megabytes }), () => write(piece), { discard: true })
    yield* write(tail)
  })

/** Finds the file in what is received, and gives its digest. */
const receiveFile = (socket: Socket) =>
  Effect.callback<string>((resume) => {
    const hash = createHash("sha256")
    let head = Buffer.alloc(0)
    let needBytes = -1
    socket.on("data", (bytes: Buffer) => {
      let rest = bytes
      if (needBytes < 0) {
        head = Buffer.concat([head, rest])
        const mark = `attachment|f${sizeBytes}|`
        const at = head.indexOf(mark)
        if (at < 0) return
        rest = head.subarray(at + mark.length)
        needBytes = sizeBytes
      }
      const part = rest.subarray(0, needBytes)
      hash.update(part)
      needBytes -= part.length
      if (needBytes > 0) return
      socket.removeAllListeners("data")
      resume(Effect.succeed(hash.digest("hex")))
    })
  })

describe("a file of 100 MiB", () => {
  it.live(
    "goes from toss to toss byte for byte, and the process grows by less than 32 MiB",
    () =>
      Effect.gen(function* () {
        const server = yield* Program.start()
        const alice = yield* join(server.url("toss"), "alice")
        const bob = yield* join(server.url("toss"), "bob")
        alice.resume()
        const before = peakBytes(server.child.pid!)
        const [received] = yield* Effect.all([receiveFile(bob), sendFile(alice)], { concurrency: "unbounded" })
        assert.strictEqual(received, sha256)
        if (before !== undefined) {
          const grown = peakBytes(server.child.pid!)! - before
          assert.isBelow(grown / 1024 / 1024, 32, "MiB")
        }
      }).pipe(Effect.scoped, Effect.timeout("60 seconds")),
    90_000
  )
})
