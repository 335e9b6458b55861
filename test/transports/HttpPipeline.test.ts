/** Peers that ask before they were answered, and those that never read. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import type { Socket } from "node:net"
import { connect } from "node:net"
import * as HttpListener from "../../src/transports/HttpListener.ts"
import { limitOpen, limitWaiting } from "../../src/transports/HttpPipeline.ts"

const sizeBytes = 256 * 1024
const content = new Uint8Array(sizeBytes)

/** A server that counts whom it answers, and a connection to it. */
const given = Effect.gen(function* () {
  const counts = { served: 0, came: 0, taken: 0 }
  const served = <A>(answer: A) =>
    Effect.sync(() => {
      counts.served++
      return answer
    })
  const routes = Layer.mergeAll(
    HttpRouter.add("GET", "/large", served(HttpServerResponse.uint8Array(content))),
    HttpRouter.add("GET", "/empty", served(HttpServerResponse.empty())),
    HttpRouter.add("GET", "/later", Effect.andThen(Effect.yieldNow, served(HttpServerResponse.uint8Array(content)))),
    HttpRouter.add("POST", "/echo", (request) => Effect.map(Effect.orDie(request.text), HttpServerResponse.text)),
    HttpRouter.add("GET", "/never", Effect.andThen(served(undefined), Effect.never))
  )
  const sockets: Array<Socket> = []
  const { server, url } = yield* HttpListener.listen("http", { host: "127.0.0.1", port: 0 }, routes, () => Effect.void)
  server.on("connection", (socket: Socket) => sockets.push(socket))
  server.prependListener("request", (_, response) => {
    counts.came++
    response.once("finish", () => void counts.taken++)
  })
  const peer = yield* Effect.acquireRelease(
    Effect.sync(() => connect(Number(new URL(url).port), "127.0.0.1")),
    (socket) => Effect.sync(() => socket.destroy())
  )
  peer.on("error", () => {})
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
  return { counts, get, peer, own: () => sockets[0]!, url }
})

/** Waits until turns of the event loop change nothing. */
const settled = (state: () => unknown) =>
  Effect.callback<void>((resume) => {
    let [before, same] = ["", 0]
    const look = () => {
      const now = JSON.stringify(state())
      same = now === before ? same + 1 : 0
      before = now
      if (same > 2000) resume(Effect.void)
      else setImmediate(look)
    }
    look()
  })

describe("HttpPipeline.inTurn()", () => {
  for (const path of ["/large", "/later", "/no such page".replaceAll(" ", "-")]) {
    it.live(`answers a peer that does not read, and asks for ${path} on and on, no further`, () =>
      Effect.gen(function* () {
        const { counts, get, own, peer } = yield* given
        peer.pause()
        const many = get(path).repeat(1000)
        let isTaken = true
        const ask = () => {
          isTaken = peer.write(many)
          if (isTaken) setImmediate(ask)
          else peer.once("drain", ask)
        }
        ask()
        yield* settled(() => [counts.served, counts.came, peer.bytesWritten, own()?.writableLength])
        assert.isFalse(isTaken, "what it sends is not read any more")
        // What is written and not taken: no more than the answers that were begun at once.
        assert.isAtMost(own().writableLength, limitOpen * (sizeBytes + 1024))
        const begun = Math.ceil((own().bytesWritten + own().writableLength) / sizeBytes)
        assert.isAtMost(counts.served, begun + limitOpen)
        assert.isAtMost(counts.came, counts.taken + limitOpen + limitWaiting)
      }).pipe(Effect.scoped)
    )
  }

  it.live("answers a peer that reads in the order in which it asked, all of it", () =>
    Effect.gen(function* () {
      const { peer } = yield* given
      const count = 20_000
      let text = ""
      const all = Effect.callback<void>((resume) => {
        peer.on("data", (bytes: Buffer) => {
          text += bytes.toString()
          if (text.endsWith(`<${count - 1}>`)) resume(Effect.void)
        })
      })
      for (let index = 0; index < count; index++) {
        const body = `<${index}>`
        peer.write(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      }
      yield* all
      assert.deepStrictEqual(
        [...text.matchAll(/<(\d+)>/g)].map(([, index]) => Number(index)),
        Array.from({ length: count }, (_, index) => index)
      )
    }).pipe(Effect.scoped)
  )

  it.live("serves others between the requests of one connection", () =>
    Effect.gen(function* () {
      const { counts, get, own, peer, url } = yield* given
      yield* Effect.callback<void>((resume) => void peer.once("connect", () => resume(Effect.void)))
      const other = yield* Effect.acquireRelease(
        Effect.sync(() => connect(Number(new URL(url).port), "127.0.0.1")),
        (socket) => Effect.sync(() => socket.destroy())
      )
      yield* Effect.callback<void>((resume) => void other.once("connect", () => resume(Effect.void)))
      yield* settled(() => own()?.bytesRead)
      peer.resume()
      peer.write(get("/empty").repeat(1000))
      other.write(get("/large"))
      yield* Effect.callback<void>((resume) => void other.once("data", () => resume(Effect.void)))
      assert.isBelow(counts.served, 500)
      yield* settled(() => counts.served)
      assert.strictEqual(counts.served, 1001)
    }).pipe(Effect.scoped)
  )

  it.live("takes no more than so many requests while the first ones are being answered", () =>
    Effect.gen(function* () {
      const { counts, get, own, peer, url } = yield* given
      peer.write(get("/never").repeat(50))
      yield* settled(() => [counts.served, counts.came])
      assert.strictEqual(counts.served, limitOpen)
      peer.write(get("/never").repeat(20_000))
      yield* settled(() => [counts.served, counts.came])
      assert.strictEqual(counts.served, limitOpen)
      assert.isAtMost(counts.came, limitOpen + limitWaiting)
      assert.isFalse(own().destroyed)
      const { status } = yield* Effect.promise(() => fetch(`${url}/large`))
      assert.strictEqual(status, 200)
    }).pipe(Effect.scoped)
  )
})
