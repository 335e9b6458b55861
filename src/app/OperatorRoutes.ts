/**
 * Where the operator's page logs in and out: `POST /admin/login` with the token, as JSON or from a form, and
 * `POST /admin/logout`.
 *
 * The login sets a cookie with an id of its own. Scripts cannot read it, and requests from other sites do not carry it.
 */
import { ByteSize, Duration, Effect, Layer, Option, Schema } from "effect"
import { HttpIncomingMessage, HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { operatorCookie } from "../api/Access.ts"
import { OriginForeign, RequestInvalid, TooManyRequests, Unauthorized } from "../api/ApiError.ts"
import { loginMillis, type OperatorLogin } from "./OperatorLogin.ts"
import { addressOf, isOwnPage } from "./Origin.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse
type Refused = OriginForeign | RequestInvalid | TooManyRequests | Unauthorized

const Credentials = Schema.Struct({ token: Schema.String.check(Schema.isMaxLength(1024)) })
const bodyLimit = ByteSize.bytes(4096)

const isForm = ({ headers }: Request): boolean =>
  headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true

const refused = (error: Refused): Response => {
  const [status, headers] =
    error._tag === "TooManyRequests"
      ? [429, { "retry-after": String(Math.ceil(error.retryAfterMillis / 1000)) }]
      : [{ Unauthorized: 401, OriginForeign: 403, RequestInvalid: 400 }[error._tag], {}]
  const body = error._tag === "TooManyRequests" ? { retryAfterMillis: error.retryAfterMillis } : {}
  return HttpServerResponse.jsonUnsafe({ _tag: error._tag, ...body }, { status, headers })
}

// A request without an origin does not come from a page in a browser.
const checkOrigin = (request: Request, baseUrl: string): Effect.Effect<void, OriginForeign> =>
  request.headers["origin"] === undefined || isOwnPage(request, baseUrl) ? Effect.void : new OriginForeign()

const tokenOf = (request: Request): Effect.Effect<string, RequestInvalid> =>
  (isForm(request)
    ? HttpServerRequest.schemaBodyUrlParams(Credentials)
    : HttpServerRequest.schemaBodyJson(Credentials)
  ).pipe(
    Effect.provideService(HttpServerRequest.HttpServerRequest, request),
    Effect.provideService(HttpIncomingMessage.MaxBodySize, bodyLimit),
    Effect.mapBoth({
      onSuccess: ({ token }) => token.trim(),
      onFailure: () => new RequestInvalid({ part: "payload.token", reason: "Expected the token" })
    })
  )

/** Serves the login; `baseUrl` is where the server is reached. */
export const routes = (
  login: OperatorLogin["Service"],
  baseUrl: () => string
): Layer.Layer<never, never, HttpRouter.HttpRouter> => {
  const cookie = () => ({
    httpOnly: true,
    sameSite: "strict" as const,
    path: "/",
    secure: baseUrl().startsWith("https:")
  })
  const done = (request: Request): Response =>
    isForm(request)
      ? HttpServerResponse.redirect("/admin", { status: 303 })
      : HttpServerResponse.empty({ status: 204, headers: { "cache-control": "no-store" } })

  const logIn = Effect.fnUntraced(function* (request: Request) {
    yield* checkOrigin(request, baseUrl())
    yield* login.check(yield* tokenOf(request), addressOf(request))
    return yield* HttpServerResponse.setCookie(done(request), operatorCookie, login.begin(), {
      ...cookie(),
      maxAge: Duration.millis(loginMillis)
    }).pipe(Effect.orDie)
  })

  const logOut = Effect.fnUntraced(function* (request: Request) {
    yield* checkOrigin(request, baseUrl())
    const id = Option.fromUndefinedOr(request.cookies[operatorCookie])
    if (Option.isSome(id)) login.end(id.value)
    return yield* Effect.orDie(HttpServerResponse.expireCookie(done(request), operatorCookie, cookie()))
  })

  return Layer.mergeAll(
    HttpRouter.add("POST", "/admin/login", (request) =>
      Effect.catch(logIn(request), (error) => Effect.succeed(refused(error)))
    ),
    HttpRouter.add("POST", "/admin/logout", (request) =>
      Effect.catch(logOut(request), (error) => Effect.succeed(refused(error)))
    )
  )
}
