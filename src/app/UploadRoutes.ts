/**
 * Where files are sent to: `/api/v1/uploads/<id>`, by tus 1.0.0 (https://tus.io/protocols/resumable-upload).
 *
 * Whoever knows the id may send. The answer to the request that makes the file whole, and to `HEAD` from then on, has the
 * id of the file in `Upload-File`: a client that finds all its bytes there asks no further.
 */
import { Effect, Layer, Stream } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { uploadPath } from "../services/Links.ts"
import type { Progress, ResumableUploads } from "../services/ResumableUploads.ts"
import * as Http from "./Http.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

const path = uploadPath(":id")
const version = "1.0.0"
const contentType = "application/offset+octet-stream"

const answer = (status: number, headers: Record<string, string> = {}): Response =>
  HttpServerResponse.empty({ status, headers: { "tus-resumable": version, "cache-control": "no-store", ...headers } })

const refusal = (status: number, text: string, headers: Record<string, string> = {}): Response =>
  Http.refusal(status, text, { "tus-resumable": version, ...headers })

const gone = refusal(404, "There is no such upload, or not any more.")
const overrun = refusal(413, "There are more bytes than were announced.")
const elsewhere = (receivedBytes: number) =>
  refusal(409, "These are not the next bytes.", { "upload-offset": String(receivedBytes) })

const natural = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined

const fileHeader = (file: string | undefined): Record<string, string> =>
  file === undefined ? {} : { "upload-file": file }

/** Serves uploads. Of a request that breaks off, what came is kept. */
export const routes = (
  uploads: ResumableUploads["Service"],
  fileLimitBytes: number
): Layer.Layer<never, never, HttpRouter.HttpRouter> => {
  const head = (progress: Progress | undefined): Response => {
    if (progress === undefined) return gone
    const { file, receivedBytes, sizeBytes } = progress
    const [length, offset] = [String(sizeBytes), String(receivedBytes)]
    return answer(200, { "upload-length": length, "upload-offset": offset, ...fileHeader(file) })
  }

  const patch = Effect.fnUntraced(function* (request: Request, id: string): Effect.fn.Return<Response> {
    const { "content-length": length, "content-type": type, "upload-offset": offset } = request.headers
    if (type?.trim().toLowerCase() !== contentType) return refusal(415, `The content must be ${contentType}.`)
    const atByte = natural(offset)
    if (atByte === undefined) return refusal(400, "Upload-Offset is missing.")
    const progress = uploads.find(id)
    if (progress === undefined) return gone
    if (progress.receivedBytes === atByte && atByte + (natural(length) ?? 0) > progress.sizeBytes) return overrun
    // A body that breaks off is the end of what came; nobody is there to be answered.
    const body = Stream.catch(request.stream, () => Stream.empty)
    return yield* uploads.write(id, atByte, body).pipe(
      Effect.map(({ file, receivedBytes }) =>
        answer(204, { "upload-offset": String(receivedBytes), ...fileHeader(file) })
      ),
      Effect.catchTags({
        UploadGone: () => Effect.succeed(gone),
        UploadElsewhere: ({ receivedBytes }) => Effect.succeed(elsewhere(receivedBytes)),
        UploadOverrun: () => Effect.succeed(overrun),
        UploadTakenOver: () => Effect.succeed(refusal(423, "Another request goes on with this upload.")),
        StorageFailed: () => Effect.succeed(refusal(503, "The file cannot be stored now.", { "retry-after": "60" }))
      })
    )
  })

  const options = answer(204, {
    "tus-version": version,
    "tus-extension": "termination",
    "tus-max-size": String(fileLimitBytes)
  })

  /** The protocol asks for its version in every request but one. */
  const inVersion = (respond: (request: Request, id: string) => Effect.Effect<Response>) => (request: Request) =>
    request.headers["tus-resumable"] === version
      ? Effect.flatMap(HttpRouter.params, ({ id = "" }) => respond(request, id))
      : Effect.succeed(refusal(412, `Tus-Resumable must be ${version}.`, { "tus-version": version }))

  return Layer.mergeAll(
    HttpRouter.add(
      "GET",
      path,
      inVersion((_, id) => Effect.map(uploads.settled(id), head))
    ),
    HttpRouter.add("PATCH", path, inVersion(patch)),
    HttpRouter.add(
      "DELETE",
      path,
      inVersion((_, id) => Effect.map(uploads.cancel(id), (wasThere) => (wasThere ? answer(204) : gone)))
    ),
    HttpRouter.add("OPTIONS", path, Effect.succeed(options)),
    HttpRouter.add("OPTIONS", "/api/v1/uploads", Effect.succeed(options))
  )
}
