/** What the HTTP port says by itself: the state of the server, refusals, and a plain page where no other is built. */
import { Effect, type Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import type { Metrics } from "../services/Metrics.ts"
import type { StorageHealth } from "../services/StorageHealth.ts"

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Parlance</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; margin: 10vh auto; max-width: 34rem; padding: 0 1rem }
:root { color-scheme: light dark } code { font-size: .95em }</style>
<h1>Parlance is running</h1>
<p>This is the address of a chat server. Connect to it with a Socket.IO client of version 4:</p>
<pre><code>const socket = io(location.origin)
socket.emit("register", "alice", console.log)
socket.on("message", console.log)</code></pre>
<p>Its library is at <a href="/socket.io/socket.io.js">/socket.io/socket.io.js</a>, the state of the server at
<a href="/healthz">/healthz</a>.</p>
</html>
`

/** Refuses a request in words. Nobody may keep the answer, or guess its type. */
export const refusal = (
  status: number,
  text: string,
  headers: Record<string, string> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(`${text}\n`, {
    status,
    headers: { "cache-control": "no-store", "x-content-type-options": "nosniff", ...headers }
  })

/** A page that says what this address is. */
export const plainPage: Layer.Layer<never, never, HttpRouter.HttpRouter> = HttpRouter.add(
  "GET",
  "/",
  HttpServerResponse.html(page)
)

/**
 * The state of the server as JSON at `/healthz`: `ok`, or `degraded` when something cannot be stored, which `failing` names.
 *
 * Both are status 200: the chat goes on, so nobody should restart or replace the server for it.
 */
export const health = (
  metrics: Metrics["Service"],
  storage: StorageHealth["Service"]
): Layer.Layer<never, never, HttpRouter.HttpRouter> =>
  HttpRouter.add(
    "GET",
    "/healthz",
    Effect.map(metrics.snapshot, (counts) => {
      const failing = storage.failing()
      return HttpServerResponse.jsonUnsafe({ status: failing.length === 0 ? "ok" : "degraded", failing, ...counts })
    })
  )
