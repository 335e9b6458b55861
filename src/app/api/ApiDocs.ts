/**
 * The documentation of the API, to read and to try: `/api/v1/docs`.
 *
 * The page is made of itself alone, and is loaded when it is first asked for: its program is large, and most never ask.
 */
import { createHash } from "node:crypto"
import { Effect, Layer, Scope } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiSwagger } from "effect/http-api"
import { ParlanceApi } from "../../api/ParlanceApi.ts"

const path = "/api/v1/docs"

/** Nothing runs on the page but the scripts that it was made with. */
const policyOf = (page: string): string => {
  const scripts = [...page.matchAll(/<script(?![^>]*application\/json)[^>]*>([^]*?)<\/script>/g)]
  const hashes = scripts.map(([, script = ""]) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`)
  return [
    "default-src 'none'",
    `script-src ${hashes.join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; ")
}

const textOf = ({ body }: HttpServerResponse.HttpServerResponse): string =>
  body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""

/** Serves the documentation. */
export const routes: Layer.Layer<never, never, HttpRouter.HttpRouter> = Layer.unwrap(
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const page = yield* Effect.cached(
      Effect.gen(function* () {
        const swagger = yield* HttpRouter.toHttpEffect(HttpApiSwagger.layer(ParlanceApi, { path }))
        const response = yield* swagger
        return HttpServerResponse.setHeaders(response, {
          "content-security-policy": policyOf(textOf(response)),
          "cache-control": "no-cache",
          "referrer-policy": "no-referrer",
          "x-content-type-options": "nosniff"
        })
      })
    )
    return HttpRouter.add("GET", path, Effect.orDie(Effect.provideService(page, Scope.Scope, scope)))
  })
)
