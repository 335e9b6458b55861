/**
 * Where shared files are fetched: `/files/<id>/<name>`.
 *
 * - Whoever knows the id may fetch the file. The name is for people, who save the file under it; it is not checked.
 * - Nothing that users share is ever shown as a page of this server: it is an attachment of no known type, sandboxed.
 * - A file never changes, so its digest is its strong validator and whoever has it may keep it.
 */
import { create as contentDisposition } from "content-disposition"
import { Effect, Layer, type Scope, Sink, Stream } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import parseRanges from "range-parser"
import { fileName } from "../domain/FileName.ts"
import type { StorageFailed } from "../domain/Rejection.ts"
import type { Attachments, Range, StoredFile } from "../services/Attachments.ts"
import { isKnown } from "./EntityTag.ts"
import { refusal } from "./Http.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

const notFound = refusal(404, "There is no such file, or not any more.")
const unavailable = refusal(503, "The file cannot be read now.", { "retry-after": "60" })

const entityTag = (file: StoredFile): string => `"${file.sha256}"`

/** The one range that a request asks for: undefined is the whole file, "none" one that it does not have. */
const requestedRange = ({ headers, method }: Request, file: StoredFile): Range | "none" | undefined => {
  const { range, "if-range": ifRange } = headers
  const isWanted = method === "GET" && file.sizeBytes > 0 && (ifRange === undefined || ifRange === entityTag(file))
  if (range === undefined || !isWanted || !/^bytes=[^,]*$/i.test(range)) return undefined
  const ranges = parseRanges(file.sizeBytes, range)
  if (ranges === -2) return undefined
  // To the parser the last n bytes of a file that has fewer are none; by RFC 9110 § 14.1.2 they are the whole file.
  if (ranges === -1) return /=\s*-\s*0*[1-9]/.test(range) ? { atByte: 0, sizeBytes: file.sizeBytes } : "none"
  const [first] = ranges
  return first && { atByte: first.start, sizeBytes: first.end - first.start + 1 }
}

const respond = Effect.fnUntraced(function* (
  attachments: Attachments["Service"],
  request: Request,
  id: string
): Effect.fn.Return<Response, StorageFailed, Scope.Scope> {
  const file = yield* attachments.findById(id)
  if (file === undefined) return notFound
  const validity = { etag: entityTag(file), "cache-control": "private, immutable, max-age=31536000" }
  if (isKnown(request.headers["if-none-match"], validity.etag)) {
    return HttpServerResponse.empty({ status: 304, headers: validity })
  }
  const range = requestedRange(request, file)
  if (range === "none") {
    return refusal(416, "The file has no such range.", { "content-range": `bytes */${file.sizeBytes}` })
  }
  const { atByte, sizeBytes } = range ?? { atByte: 0, sizeBytes: file.sizeBytes }
  const content = request.method === "HEAD" ? Stream.empty : yield* opened(attachments.read(file, range))
  return HttpServerResponse.stream(content, {
    status: range === undefined ? 200 : 206,
    contentType: "application/octet-stream",
    contentLength: sizeBytes,
    headers: {
      ...validity,
      ...(range && { "content-range": `bytes ${atByte}-${atByte + sizeBytes - 1}/${file.sizeBytes}` }),
      "accept-ranges": "bytes",
      "content-disposition": contentDisposition(fileName(file.name)),
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff"
    }
  })
})

/** Reads the first piece of a stream, so that one which fails at once does so before its headers are sent. */
const opened = Effect.fnUntraced(function* <A, E>(
  stream: Stream.Stream<A, E>
): Effect.fn.Return<Stream.Stream<A, E>, E, Scope.Scope> {
  const [first, rest] = yield* Stream.peel(stream, Sink.take<A>(1))
  return Stream.concat(Stream.fromArray(first), rest)
})

// The router takes no parameters of more than 100 characters and none with broken escapes; names may have both.
const layerWithoutNames = HttpRouter.middleware(
  (app) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const address = /^\/files\/[^/?#]+(?=[/?#])/.exec(request.url)?.[0]
      if (address === undefined) return app
      return Effect.provideService(app, HttpServerRequest.HttpServerRequest, request.modify({ url: address }))
    }),
  { global: true }
)

/** Serves shared files; a client that goes away ends the reading. */
export const routes = (attachments: Attachments["Service"]): Layer.Layer<never, never, HttpRouter.HttpRouter> =>
  Layer.mergeAll(
    layerWithoutNames,
    HttpRouter.add("GET", "/files/:id", (request) =>
      Effect.flatMap(HttpRouter.params, ({ id = "" }) => respond(attachments, request, id)).pipe(
        Effect.catchTag("StorageFailed", () => Effect.succeed(unavailable))
      )
    )
  )
