/** Asking a real server over HTTP, in the tests' own process. */
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { Client } from "../../src/api/mod.ts"
import { Server } from "../../src/mod.ts"
import * as TestServer from "../e2e/TestServer.ts"

/** The typed client of the server; without a token it is anybody's. */
export const client = Effect.fnUntraced(function* (token?: string | Redacted.Redacted) {
  const baseUrl = yield* TestServer.urlOf("sockets")
  return yield* Effect.provide(Client.make({ baseUrl, token }), FetchHttpClient.layer)
})

/** The operator's token, which the server has just made. */
export const operatorToken = Effect.gen(function* () {
  const { operatorPage } = yield* Server
  const token = operatorPage?.newToken
  return token === undefined ? yield* Effect.die("the server has made no token") : Redacted.value(token)
})

/** The typed client with the operator's token. */
export const operatorClient = Effect.flatMap(operatorToken, client)

/** What is answered to a request for a path of the server. */
export const ask = Effect.fnUntraced(function* (path: string, init: RequestInit = {}) {
  const baseUrl = yield* TestServer.urlOf("sockets")
  return yield* Effect.promise(async () => {
    const response = await fetch(`${baseUrl}${path}`, { redirect: "manual", ...init })
    return { status: response.status, headers: response.headers, text: await response.text() }
  })
})

/** The events of a path as they come, until the scope ends: each a block of text; `next` waits for one. */
export const listen = Effect.fnUntraced(function* (path: string, headers: Record<string, string> = {}) {
  const baseUrl = yield* TestServer.urlOf("sockets")
  const abort = yield* Effect.acquireRelease(
    Effect.sync(() => new AbortController()),
    (abort) => Effect.sync(() => abort.abort())
  )
  const response = yield* Effect.promise(() => fetch(`${baseUrl}${path}`, { headers, signal: abort.signal }))
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ""
  const read = async (): Promise<string | undefined> => {
    for (;;) {
      const end = text.indexOf("\n\n")
      if (end !== -1) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        return block
      }
      const { done, value } = await reader.read()
      if (done) return undefined
      text += value
    }
  }
  /** The next block; undefined at the end. */
  const next = Effect.promise(read)
  /** The next event. */
  const event: Effect.Effect<{ readonly id?: string; readonly event: string; readonly data: any } | undefined> =
    Effect.flatMap(next, (block) => {
      if (block === undefined) return Effect.undefined
      if (block.startsWith(":")) return event
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)))
      return Effect.succeed({ ...fields, data: JSON.parse(fields["data"]) })
    })
  return { status: response.status, headers: response.headers, next, event, close: () => abort.abort() }
})
