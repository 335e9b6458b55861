import { assert, describe, it } from "@effect/vitest"
import { parse } from "content-disposition"
import { Deferred, Effect, Layer, Stream } from "effect"
import { request } from "node:http"
import { routes } from "../../src/app/FileRoutes.ts"
import { StorageFailed } from "../../src/domain/Rejection.ts"
import { Attachments, type StoredFile } from "../../src/services/Attachments.ts"
import * as HttpListener from "../../src/transports/HttpListener.ts"
import { content, sha256, store } from "../services/AttachmentsSuite.ts"

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

const serve = Effect.gen(function* () {
  const pages = routes(yield* Attachments)
  return yield* HttpListener.listen("files", { host: "127.0.0.1", port: 0 }, pages, () => Effect.void)
})

const fetched = (url: string, init: RequestInit = {}): Effect.Effect<Answer> =>
  Effect.promise(async () => {
    const response = await fetch(url, init)
    return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) }
  })

const urlOf = (listener: HttpListener.HttpListener, file: StoredFile) =>
  `${listener.url}/files/${file.id}/${encodeURIComponent(file.name)}`

const serving = <A, E>(
  use: (listener: HttpListener.HttpListener) => Effect.Effect<A, E, Attachments>,
  attachments: Layer.Layer<Attachments> = Attachments.layerMemory
) => Effect.flatMap(serve, use).pipe(Effect.scoped, Effect.provide(Layer.fresh(attachments)))

/** An implementation that knows one file, whose content is given. */
const one = (file: StoredFile, read: Attachments["Service"]["read"]) =>
  Layer.mock(Attachments, { findById: (id) => Effect.succeed(id === file.id ? file : undefined), read })

const known: StoredFile = { number: 1, id: "known", name: "a.txt", sizeBytes: 100, sha256: "digest", atMillis: 0 }

describe("FileRoutes", () => {
  it.effect("GET gives the content, as an attachment that no browser shows", () =>
    serving((listener) =>
      Effect.gen(function* () {
        const bytes = content(300_000)
        const file = yield* store(bytes, "report.html")
        const { body, headers, status } = yield* fetched(urlOf(listener, file))
        assert.strictEqual(status, 200)
        assert.strictEqual(sha256(body), sha256(bytes))
        const expected = {
          "accept-ranges": "bytes",
          "cache-control": "private, immutable, max-age=31536000",
          "content-disposition": "attachment; filename=report.html",
          "content-length": "300000",
          "content-security-policy": "default-src 'none'; sandbox",
          "content-type": "application/octet-stream",
          etag: `"${file.sha256}"`,
          "x-content-type-options": "nosniff"
        }
        for (const [name, value] of Object.entries(expected)) assert.strictEqual(headers.get(name), value)
        assert.isNull(headers.get("content-range"))
      })
    )
  )

  it.effect("GET of an empty file gives nothing, whatever part of it is wanted", () =>
    serving((listener) =>
      Effect.gen(function* () {
        const file = yield* store(new Uint8Array(0))
        for (const range of [undefined, "bytes=0-", "bytes=-1"]) {
          const answer = yield* fetched(urlOf(listener, file), { headers: range === undefined ? {} : { range } })
          assert.strictEqual(answer.status, 200)
          assert.strictEqual(answer.headers.get("content-length"), "0")
        }
      })
    )
  )

  it.effect("HEAD gives the headers of GET, and reads nothing", () =>
    serving(
      (listener) =>
        Effect.gen(function* () {
          const head = { method: "HEAD", headers: { range: "bytes=0-1" } }
          const { body, headers, status } = yield* fetched(urlOf(listener, known), head)
          assert.strictEqual(status, 200)
          assert.lengthOf(body, 0)
          assert.strictEqual(headers.get("content-length"), "100")
          assert.strictEqual(headers.get("accept-ranges"), "bytes")
          assert.strictEqual(headers.get("etag"), '"digest"')
          assert.strictEqual((yield* fetched(`${listener.url}/files/other/a.txt`, { method: "HEAD" })).status, 404)
        }),
      one(known, () => Stream.die("read"))
    )
  )

  const bytes = content(1000)
  const tag = `"${sha256(bytes)}"`
  const ranges: ReadonlyArray<[headers: Record<string, string>, status: number, contentRange?: string]> = [
    [{ range: "bytes=0-0" }, 206, "0-0"],
    [{ range: "bytes=0-99" }, 206, "0-99"],
    [{ range: "bytes=500-" }, 206, "500-999"],
    [{ range: "bytes=999-" }, 206, "999-999"],
    [{ range: "bytes=900-5000" }, 206, "900-999"],
    [{ range: "bytes=-10" }, 206, "990-999"],
    [{ range: "bytes=-1000" }, 206, "0-999"],
    [{ range: "bytes=-5000" }, 206, "0-999"],
    [{ range: "Bytes=1-2" }, 206, "1-2"],
    [{ range: "bytes= 1-2" }, 206, "1-2"],
    [{ range: "bytes=0-99", "if-range": tag }, 206, "0-99"],
    [{ range: "bytes=0-99", "if-range": `W/${tag}` }, 200],
    [{ range: "bytes=0-99", "if-range": '"other"' }, 200],
    [{ range: "bytes=0-99", "if-range": "Wed, 21 Oct 2026 07:28:00 GMT" }, 200],
    [{ range: "bytes=1000-" }, 416],
    [{ range: "bytes=1000-2000" }, 416],
    [{ range: `bytes=${"9".repeat(400)}-` }, 416],
    [{ range: "bytes=-0" }, 416],
    [{ range: "bytes=5-4" }, 416],
    [{ range: "bytes=1000-", "if-range": '"other"' }, 200],
    [{ range: "bytes=0-1,5-6" }, 200],
    [{ range: "bytes=0-1,-5000" }, 200],
    [{ range: "bytes=" }, 200],
    [{ range: "bytes=-" }, 200],
    [{ range: "bytes=a-b" }, 200],
    [{ range: "bytes=--1" }, 200],
    [{ range: "bytes=1-2-3" }, 200],
    [{ range: "lines=0-1" }, 200],
    [{ range: "0-1" }, 200]
  ]
  it.effect("GET gives the one range that is wanted, if it can", () =>
    serving((listener) =>
      Effect.gen(function* () {
        const file = yield* store(bytes)
        for (const [headers, status, contentRange] of ranges) {
          const answer = yield* fetched(urlOf(listener, file), { headers })
          const message = JSON.stringify(headers)
          assert.strictEqual(answer.status, status, message)
          if (status === 416) {
            assert.strictEqual(answer.headers.get("content-range"), "bytes */1000", message)
            continue
          }
          const [start = 0, last = 999] = contentRange?.split("-").map(Number) ?? []
          assert.strictEqual(answer.headers.get("content-range"), contentRange ? `bytes ${contentRange}/1000` : null)
          assert.strictEqual(answer.headers.get("content-length"), `${last - start + 1}`, message)
          assert.strictEqual(answer.headers.get("etag"), tag)
          assert.deepStrictEqual(answer.body, bytes.slice(start, last + 1), message)
        }
      })
    )
  )

  it.effect("GET gives 304 to whoever has the file", () =>
    serving((listener) =>
      Effect.gen(function* () {
        const file = yield* store(bytes)
        for (const ifNoneMatch of [tag, `W/${tag}`, "*", `"a", ${tag} ,"b"`]) {
          const headers = { "if-none-match": ifNoneMatch, range: "bytes=0-1" }
          const answer = yield* fetched(urlOf(listener, file), { headers })
          assert.strictEqual(answer.status, 304, ifNoneMatch)
          assert.strictEqual(answer.headers.get("etag"), tag)
          assert.lengthOf(answer.body, 0)
        }
        for (const ifNoneMatch of ['"other"', sha256(bytes), ""]) {
          const answer = yield* fetched(urlOf(listener, file), { headers: { "if-none-match": ifNoneMatch } })
          assert.strictEqual(answer.status, 200, ifNoneMatch)
        }
      })
    )
  )

  it.effect("GET does not look at the name", () =>
    serving((listener) =>
      Effect.gen(function* () {
        const file = yield* store(bytes)
        const base = `${listener.url}/files/${file.id}`
        const rests = ["", "/", "/x", "/a/b", "/%zz", `/${"%F0%9F%98%80".repeat(250)}`, "/x?y=1", "?y", "/%2e%2e%2fx"]
        for (const rest of rests) assert.strictEqual((yield* fetched(base + rest)).status, 200, rest)
      })
    )
  )

  it.effect("GET gives 404 in plain text for an id that no file has", () =>
    serving((listener) =>
      Effect.gen(function* () {
        const file = yield* store(bytes)
        for (const id of ["other", file.id.slice(1), "__proto__", `${file.number}`, "%00", "..%2f"]) {
          const answer = yield* fetched(`${listener.url}/files/${id}/file.bin`)
          assert.strictEqual(answer.status, 404, id)
          assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/)
          assert.strictEqual(answer.headers.get("cache-control"), "no-store")
        }
        for (const path of ["/files", "/files/", "/files//x", `/files/${"a".repeat(5000)}/x`, "/files/%zz/x"]) {
          assert.strictEqual((yield* fetched(listener.url + path)).status, 404, path)
        }
        assert.strictEqual((yield* fetched(urlOf(listener, file), { method: "POST" })).status, 404)
      })
    )
  )

  const names = [
    'quote"; filename=evil.exe; x="',
    "line\r\nset-cookie: a=b",
    "../../etc/passwd",
    "%41%2f.txt",
    "Übersicht 日本 😀.pdf",
    "half\ud800",
    "back\\slash",
    "",
    "a".repeat(1000)
  ]
  it.effect("GET names the file so that no name harms", () =>
    Effect.forEach(names, (name) =>
      serving(
        (listener) =>
          Effect.gen(function* () {
            const { headers, status } = yield* fetched(`${listener.url}/files/known/x`)
            assert.strictEqual(status, 200)
            assert.isNull(headers.get("set-cookie"))
            const header = headers.get("content-disposition") ?? ""
            assert.match(header, /^attachment; filename=[\x20-\x7e]+$/)
            const filename = parse(header).parameters["filename"] ?? ""
            assert.notMatch(filename, /[/\\"\r\n]|^\.|^$/)
            assert.isAtMost(Buffer.byteLength(filename), 255)
          }),
        one({ ...known, name }, () => Stream.make(new Uint8Array(100)))
      )
    )
  )

  it.effect("GET keeps a name of any script beside one in ASCII", () =>
    serving((listener) =>
      Effect.gen(function* () {
        const file = yield* store(bytes, "Übersicht.pdf")
        const { headers } = yield* fetched(urlOf(listener, file))
        const expected = `attachment; filename="?bersicht.pdf"; filename*=UTF-8''%C3%9Cbersicht.pdf`
        assert.strictEqual(headers.get("content-disposition"), expected)
      })
    )
  )

  it.effect("GET gives 503 when the file is not to be had", () =>
    Effect.gen(function* () {
      const failure = new StorageFailed()
      const layers = [
        one(known, () => Stream.fail(failure)),
        Layer.mock(Attachments, { findById: () => Effect.fail(failure) })
      ]
      for (const layer of layers) {
        const answer = yield* serving((listener) => fetched(urlOf(listener, known)), layer)
        assert.strictEqual(answer.status, 503)
        assert.isNull(answer.headers.get("etag"))
        assert.strictEqual(answer.headers.get("cache-control"), "no-store")
      }
    })
  )

  it.effect("GET breaks off when reading fails on the way, so that half a file is not taken for one", () =>
    serving(
      (listener) =>
        Effect.gen(function* () {
          const outcome = yield* Effect.promise(() =>
            fetch(urlOf(listener, known))
              .then((response) => response.arrayBuffer())
              .then(
                () => "whole",
                () => "broken"
              )
          )
          assert.strictEqual(outcome, "broken")
        }),
      one(known, () => Stream.concat(Stream.make(new Uint8Array(50)), Stream.fail(new StorageFailed())))
    )
  )

  it.effect("GET stops reading when the client goes away", () =>
    Effect.gen(function* () {
      const stopped = yield* Deferred.make<void>()
      const large = { ...known, sizeBytes: 1024 ** 4 }
      const piece = Effect.sync(() => new Uint8Array(65_536))
      const endless = Stream.ensuring(Stream.fromEffectRepeat(piece), Deferred.succeed(stopped, undefined))
      yield* serving(
        (listener) =>
          Effect.gen(function* () {
            yield* Effect.callback<void>((resume) => {
              const client = request(urlOf(listener, large), (response) => {
                response.once("readable", () => {
                  client.destroy()
                  resume(Effect.void)
                })
              })
              client.on("error", () => {})
              client.end()
            })
            yield* Deferred.await(stopped)
          }),
        one(large, () => endless)
      )
    })
  )
})
