/** What the HTTP port serves besides the sockets protocol. */
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import type { Census } from "../services/Census.ts"

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

const home = HttpRouter.add("GET", "/", HttpServerResponse.html(page))

/** The pages, and the state of the server as JSON at `/healthz`. */
export const routes = (census: Census["Service"]): Layer.Layer<never, never, HttpRouter.HttpRouter> =>
  Layer.mergeAll(
    home,
    HttpRouter.add(
      "GET",
      "/healthz",
      Effect.map(census.snapshot, (counts) => HttpServerResponse.jsonUnsafe({ status: "ok", ...counts }))
    )
  )
