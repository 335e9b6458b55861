/** What holds for those who do not come from this machine itself: they must have an address of it that is not loopback. */
import { networkInterfaces } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { requestQuota } from "../../src/app/api/AccessChecks.ts"
import * as TestServer from "../e2e/TestServer.ts"

const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address

const layer = TestServer.layer({ storage: "memory", host: "0.0.0.0", connectionsPerAddress: 2 })

const get = Effect.fnUntraced(function* (path: string) {
  const { port } = new URL(yield* TestServer.urlOf("sockets"))
  const abort = yield* Effect.acquireRelease(
    Effect.sync(() => new AbortController()),
    (abort) => Effect.sync(() => abort.abort())
  )
  return yield* Effect.promise(() => fetch(`http://${own}:${port}${path}`, { signal: abort.signal }))
})

describe.skipIf(own === undefined)("the API to others than this machine", () => {
  it.effect("takes as many requests at once as it takes, and says when to come again", () =>
    Effect.gen(function* () {
      for (let times = 1; times <= requestQuota.burst; times++) {
        assert.strictEqual((yield* get("/api/v1/rooms")).status, 200)
      }
      const refused = yield* get("/api/v1/rooms")
      assert.strictEqual(refused.status, 429)
      assert.deepStrictEqual(yield* Effect.promise(() => refused.json()), {
        _tag: "TooManyRequests",
        retryAfterMillis: 1000 / requestQuota.perSecond
      })
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("to listen takes a connection, of which an address may have so many", () =>
    Effect.gen(function* () {
      const listen = Effect.map(get("/api/v1/rooms/general/events"), ({ status }) => status)
      assert.deepStrictEqual([yield* listen, yield* listen, yield* listen], [200, 200, 429])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
