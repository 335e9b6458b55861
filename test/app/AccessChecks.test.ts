import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { RequestLimit } from "../../src/api/Access.ts"
import { RoomsApi } from "../../src/api/RoomsApi.ts"
import * as AccessChecks from "../../src/app/api/AccessChecks.ts"
import { BotRegistry } from "../../src/app/api/BotRegistry.ts"
import { OperatorLogin } from "../../src/app/OperatorLogin.ts"
import { OperatorToken } from "../../src/app/OperatorToken.ts"
import { Links } from "../../src/services/Links.ts"
import { Quota } from "../../src/services/Quota.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parlance-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const layer = Layer.unwrap(
  Effect.map(folder, (directory) =>
    AccessChecks.layer.pipe(
      Layer.provide(OperatorLogin.layer.pipe(Layer.provide(OperatorToken.layerNone))),
      Layer.provide(BotRegistry.layer(directory)),
      Layer.provideMerge(Layer.merge(Quota.layer, Links.layer))
    )
  )
)

const endpoint = { endpoint: RoomsApi.endpoints.list, group: RoomsApi } as never

/** What becomes of a request that comes from an address. */
const asked = Effect.fnUntraced(function* (address: string) {
  const limit = yield* RequestLimit
  const request = HttpServerRequest.fromWeb(new Request("http://localhost/")).modify({
    remoteAddress: Option.some(address)
  })
  const route = HttpRouter.route("GET", "/", HttpServerResponse.empty())
  return yield* limit(Effect.succeed(HttpServerResponse.empty()), endpoint).pipe(
    Effect.match({ onSuccess: () => "answered", onFailure: (error: unknown) => JSON.stringify(error) }),
    Effect.provideService(HttpServerRequest.HttpServerRequest, request),
    Effect.provideService(HttpServerRequest.ParsedSearchParams, {}),
    Effect.provideService(HttpRouter.RouteContext, { route, params: {} }),
    Effect.scoped
  )
})

describe("AccessChecks", () => {
  it.effect("an address may ask sixty times at once, then twenty times a second; loopback as often as it likes", () =>
    Effect.gen(function* () {
      for (let times = 1; times <= 60; times++) assert.strictEqual(yield* asked("192.0.2.1"), "answered")
      assert.strictEqual(yield* asked("192.0.2.1"), `{"_tag":"TooManyRequests","retryAfterMillis":50}`)
      assert.strictEqual(yield* asked("192.0.2.2"), "answered")
      yield* TestClock.adjust(50)
      assert.strictEqual(yield* asked("192.0.2.1"), "answered")
      for (let times = 1; times <= 100; times++) assert.strictEqual(yield* asked("127.0.0.1"), "answered")
    }).pipe(Effect.provide(layer))
  )

  it.effect("an address that is banned is not answered", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      quota.ban("192.0.2.1", Infinity)
      assert.strictEqual(yield* asked("192.0.2.1"), `{"_tag":"AddressBanned"}`)
    }).pipe(Effect.provide(layer))
  )
})
