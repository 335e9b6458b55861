/**
 * The web pages, as they were built.
 *
 * - Every file that was built is read at the start and has a route of its own, so no request can name anything else.
 * - A file in `assets` has its digest in its name and may be kept for ever; anything else is asked for again each time.
 * - What leads to a page is its folder: `index.html` is at `/`, `admin/index.html` at `/admin`.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { Context, Effect, FileSystem, Layer, Path, type PlatformError } from "effect"
import { Digest } from "effect/crypto"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import { isKnown } from "./EntityTag.ts"

type Routes = Layer.Layer<never, never, HttpRouter.HttpRouter>

/** The folder with the pages: where they are built, also when this runs from its sources. */
export const Folder: Context.Reference<string> = Context.Reference<string>("parlance/app/WebPages/Folder", {
  defaultValue: () => fileURLToPath(new URL("../../dist/web", import.meta.url))
})

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2"
}

const isText = (contentType: string): boolean => /charset|json/.test(contentType)

/** What pages of this server may do; their scripts and styles are files. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self' ws: wss:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'"
].join("; ")

const smallBytes = 1024
const compress = promisify(gzip)

const takesGzip = (acceptEncoding: string | undefined): boolean =>
  acceptEncoding !== undefined && /(?:^|,)\s*gzip\s*(?:$|,|;\s*q=(?:1|0\.\d*[1-9]))/i.test(acceptEncoding)

/** Answers requests for one file. */
const serve = Effect.fnUntraced(function* (contentType: string, bytes: Uint8Array, isForEver: boolean) {
  const digest = yield* Digest.Digest
  const tag = (yield* Effect.orDie(digest.digestHex(Digest.sha256, bytes))).slice(0, 32)
  const zipped = yield* Effect.cached(Effect.promise(() => compress(bytes, { level: 9 })))
  const [plainTag, zippedTag] = [`"${tag}"`, `"${tag}-gzip"`]
  const headers = {
    "cache-control": isForEver ? "public, immutable, max-age=31536000" : "no-cache",
    "content-security-policy": contentSecurityPolicy,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    vary: "accept-encoding"
  }
  return Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const isZipped = isText(contentType) && bytes.length > smallBytes && takesGzip(request.headers["accept-encoding"])
    const etag = isZipped ? zippedTag : plainTag
    if (isKnown(request.headers["if-none-match"], plainTag, zippedTag)) {
      return HttpServerResponse.empty({ status: 304, headers: { ...headers, etag } })
    }
    return HttpServerResponse.uint8Array(isZipped ? yield* zipped : bytes, {
      contentType,
      headers: { ...headers, etag, ...(isZipped && { "content-encoding": "gzip" }) }
    })
  })
})

const addressOf = (file: string): HttpRouter.PathInput => `/${file.replace(/(^|\/)index\.html$/, "")}`

const built = Effect.fnUntraced(function* (
  folder: string
): Effect.fn.Return<Routes, PlatformError.PlatformError, Digest.Digest | FileSystem.FileSystem | Path.Path> {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const found: Array<Routes> = []
  for (const entry of yield* fileSystem.readDirectory(folder, { recursive: true })) {
    const whole = path.join(folder, entry)
    if ((yield* fileSystem.stat(whole)).type !== "File") continue
    const file = entry.replaceAll("\\", "/")
    const contentType = contentTypes[path.extname(file)] ?? "application/octet-stream"
    const handler = yield* serve(contentType, yield* fileSystem.readFile(whole), file.startsWith("assets/"))
    found.push(HttpRouter.add("GET", addressOf(file), handler))
  }
  return Layer.mergeAll(Layer.empty, ...found)
})

/** Serves the pages of the folder; `otherwise` if there is no such folder. */
export const routes = (otherwise: Routes): Routes =>
  Layer.unwrap(
    Effect.flatMap(Folder, built).pipe(
      Effect.catchIf(
        ({ reason }) => reason._tag === "NotFound",
        () => Effect.succeed(otherwise)
      ),
      Effect.orDie
    )
  ).pipe(Layer.provide([Digest.layerWebCrypto, NodeFileSystem.layer, NodePath.layer]))
