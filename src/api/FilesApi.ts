import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { BotAccess } from "./Access.ts"
import { loginRefusals, NoSuchFile, StorageFailed, uploadRefusals } from "./ApiError.ts"

/** A file: the digest is of its content, in hexadecimal; the content is at the URL. */
export const FileDetail = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  sizeBytes: Schema.Int,
  sha256: Schema.String,
  url: Schema.String
})

/** A file to be sent. */
export const NewUpload = Schema.Struct({
  name: Schema.String,
  sizeBytes: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
})

/** Where a file is sent to, by tus 1.0.0. */
export const OpenUpload = Schema.Struct({ url: Schema.String })

/** Files: whoever has the id of one may know of it. */
export class FilesApi extends HttpApiGroup.make("files")
  .add(
    HttpApiEndpoint.get("find", "/files/:id", {
      params: { id: Schema.String },
      success: FileDetail,
      error: [NoSuchFile, StorageFailed]
    }).annotate(OpenApi.Summary, "What is known of a file"),
    HttpApiEndpoint.post("upload", "/uploads", {
      payload: NewUpload,
      success: OpenUpload.pipe(HttpApiSchema.status(201)),
      error: [...loginRefusals, ...uploadRefusals]
    })
      .middleware(BotAccess)
      .annotate(OpenApi.Summary, "Begins to send a file, as a bot")
      .annotate(
        OpenApi.Description,
        "The bytes go to the URL by tus 1.0.0 (https://tus.io): `PATCH` with `Upload-Offset`, `HEAD` to ask how far it came. The answer to the last one has the id of the file in `Upload-File`."
      )
  )
  .annotate(OpenApi.Description, "Files that are shared, and those that are being sent") {}
