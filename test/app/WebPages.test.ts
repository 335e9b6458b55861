import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { plainPage } from "../../src/app/Http.ts"
import { Folder, routes } from "../../src/app/WebPages.ts"
import * as HttpListener from "../../src/transports/HttpListener.ts"

const script = `console.log(${JSON.stringify("x".repeat(5000))})`

const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "parlance-"))
    const web = join(folder, "web")
    for (const inner of ["assets", "admin"]) mkdirSync(join(web, inner), { recursive: true })
    writeFileSync(join(folder, "secret.txt"), "secret")
    writeFileSync(join(web, "index.html"), "<p>chat</p>")
    writeFileSync(join(web, "admin", "index.html"), "<p>operator</p>")
    writeFileSync(join(web, "icon.svg"), "<svg/>")
    writeFileSync(join(web, "assets", "chat-1a2b.js"), script)
    writeFileSync(join(web, "assets", "face.woff2"), new Uint8Array(4096))
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const serve = (web: string) =>
  HttpListener.listen("pages", { host: "127.0.0.1", port: 0 }, routes(plainPage), () => Effect.void).pipe(
    Effect.provideService(Folder, web)
  )

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | ReadonlyArray<string> | undefined>
  readonly body: Buffer
}

/** Asks for exactly this address, which `fetch` would tidy. */
const get = (url: string, address: string, headers: Record<string, string> = {}, method = "GET") =>
  Effect.promise(
    () =>
      new Promise<Answer>((resolve, reject) => {
        const { hostname, port } = new URL(url)
        request({ hostname, port, path: address, headers, method, agent: false }, (answer) => {
          const pieces: Array<Buffer> = []
          answer.on("data", (piece: Buffer) => pieces.push(piece))
          answer.on("end", () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) })
          )
        })
          .on("error", reject)
          .end()
      })
  )

const serving = <A>(use: (url: string) => Effect.Effect<A>) =>
  Effect.gen(function* () {
    const { url } = yield* serve(join(yield* folder, "web"))
    return yield* use(url)
  }).pipe(Effect.scoped)

describe("WebPages", () => {
  it.effect("a page is at its folder, asked for again each time, and may run nothing but its own files", () =>
    serving((url) =>
      Effect.gen(function* () {
        for (const [address, text] of [
          ["/", "<p>chat</p>"],
          ["/?room=general", "<p>chat</p>"],
          ["/admin", "<p>operator</p>"],
          ["/admin/", "<p>operator</p>"]
        ] as const) {
          const { body, headers, status } = yield* get(url, address)
          assert.deepStrictEqual([status, String(body)], [200, text], address)
          assert.strictEqual(headers["content-type"], "text/html; charset=utf-8")
          assert.strictEqual(headers["cache-control"], "no-cache")
          assert.strictEqual(headers["x-content-type-options"], "nosniff")
          assert.strictEqual(headers["referrer-policy"], "no-referrer")
          assert.match(String(headers["content-security-policy"]), /^default-src 'none'; script-src 'self'; style-src/)
          assert.notInclude(String(headers["content-security-policy"]), "unsafe")
        }
      })
    )
  )

  it.effect("an asset is kept for ever", () =>
    serving((url) =>
      Effect.gen(function* () {
        const { body, headers } = yield* get(url, "/assets/chat-1a2b.js")
        assert.strictEqual(String(body), script)
        assert.strictEqual(headers["content-type"], "text/javascript; charset=utf-8")
        assert.strictEqual(headers["cache-control"], "public, immutable, max-age=31536000")
        assert.strictEqual((yield* get(url, "/icon.svg")).headers["cache-control"], "no-cache")
      })
    )
  )

  it.effect("text is compressed for those who take that, and nothing else is", () =>
    serving((url) =>
      Effect.gen(function* () {
        const encoding = (address: string, accepted: string) =>
          Effect.map(get(url, address, { "accept-encoding": accepted }), ({ headers }) => headers["content-encoding"])
        const zipped = yield* get(url, "/assets/chat-1a2b.js", { "accept-encoding": "br, gzip;q=0.8" })
        assert.strictEqual(zipped.headers["content-encoding"], "gzip")
        assert.strictEqual(zipped.headers["vary"], "accept-encoding")
        assert.strictEqual(String(gunzipSync(zipped.body)), script)
        assert.isBelow(zipped.body.length, 200)
        const plain = yield* get(url, "/assets/chat-1a2b.js")
        assert.notStrictEqual(plain.headers["etag"], zipped.headers["etag"])
        for (const [address, accepted] of [
          ["/assets/chat-1a2b.js", "gzip;q=0"],
          ["/assets/chat-1a2b.js", "gzip;q=0.0, br"],
          ["/assets/chat-1a2b.js", "x-gzip"],
          ["/assets/face.woff2", "gzip"],
          ["/", "gzip"]
        ] as const) {
          assert.isUndefined(yield* encoding(address, accepted), `${address} ${accepted}`)
        }
      })
    )
  )

  it.effect("who has a file already is told so, whichever way it was compressed", () =>
    serving((url) =>
      Effect.gen(function* () {
        const { headers } = yield* get(url, "/assets/chat-1a2b.js", { "accept-encoding": "gzip" })
        const again = yield* get(url, "/assets/chat-1a2b.js", { "if-none-match": String(headers["etag"]) })
        assert.deepStrictEqual([again.status, again.body.length], [304, 0])
        assert.strictEqual((yield* get(url, "/", { "if-none-match": `"other"` })).status, 200)
      })
    )
  )

  it.effect("HEAD tells the size and gives no content", () =>
    serving((url) =>
      Effect.gen(function* () {
        const { body, headers, status } = yield* get(url, "/assets/chat-1a2b.js", {}, "HEAD")
        assert.deepStrictEqual([status, body.length, headers["content-length"]], [200, 0, String(script.length)])
      })
    )
  )

  it.effect("nothing but what was built can be asked for", () =>
    serving((url) =>
      Effect.gen(function* () {
        for (const address of [
          "/../secret.txt",
          "/assets/../../secret.txt",
          "/%2e%2e/secret.txt",
          "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
          "/assets/..%5c..%5csecret.txt",
          "//secret.txt",
          "/assets",
          "/assets/",
          "/assets/%00",
          "/index.html/"
        ]) {
          const { body, status } = yield* get(url, address)
          assert.strictEqual(status, 404, address)
          assert.notInclude(String(body), "secret", address)
        }
      })
    )
  )

  it.effect("without pages that are built there is the plain one", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(join(yield* folder, "nothing"))
      const { body, status } = yield* get(url, "/")
      assert.strictEqual(status, 200)
      assert.include(String(body), "Parlance is running")
      assert.strictEqual((yield* get(url, "/admin")).status, 404)
    }).pipe(Effect.scoped)
  )
})
