/**
 * Where files can be fetched.
 *
 * The address is known only when a port is open, so whoever opens it says so here; until then files have no link.
 */
import { Context, Layer } from "effect"
import type { StoredFile } from "./Attachments.ts"

/** Where the upload of this id is sent to, from the root of the server. */
export const uploadPath = (id: string): `/${string}` => `/api/v1/uploads/${id}`

/** The addresses at which files are fetched. */
export class Links extends Context.Service<
  Links,
  {
    /** The address of a file's content; empty if nothing serves it. */
    readonly fileUrl: (file: StoredFile) => string
    /** The address under which files are served, without a slash at its end; empty if nothing serves them. */
    readonly baseUrl: () => string
    /** Says under which address, without a slash at its end, files are served. */
    readonly serveAt: (baseUrl: string) => void
  }
>()("parlance/services/Links") {
  static readonly layer = Layer.sync(Links, () => {
    let base: string | undefined
    return Links.of({
      fileUrl: ({ id, name }) => (base === undefined ? "" : `${base}/files/${id}/${encodeURIComponent(name)}`),
      baseUrl: () => base ?? "",
      serveAt: (baseUrl) => {
        base = baseUrl
      }
    })
  })
}
