/** Who may ask what, as the API declares it. */
import { ByteSize, Effect, Layer, Redacted, SchemaIssue, type Types } from "effect"
import { HttpEffect, HttpIncomingMessage, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiError } from "effect/http-api"
import { BotAccess, CurrentBot, OperatorAccess, RequestCheck, RequestLimit } from "../../api/Access.ts"
import { OriginForeign, RequestInvalid, TooManyRequests, Unauthorized } from "../../api/ApiError.ts"
import { AddressBanned } from "../../domain/Rejection.ts"
import { Limits } from "../../services/Limits.ts"
import { Links } from "../../services/Links.ts"
import { addressKey, Quota } from "../../services/Quota.ts"
import { OperatorLogin } from "../OperatorLogin.ts"
import { addressOf, isOwnPage } from "../Origin.ts"
import * as AddressQuota from "./AddressQuota.ts"
import { BotRegistry } from "./BotRegistry.ts"

/** How often an address may ask what needs no token. */
export const requestQuota = { burst: 60, perSecond: 20 }

const isSchemaError = HttpApiError.HttpApiSchemaError.is
const explain = SchemaIssue.makeFormatterStandardSchemaV1()

const requestInvalid = (error: HttpApiError.HttpApiSchemaError): Effect.Effect<never, RequestInvalid> => {
  // An answer that does not fit its schema is a defect of the server.
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error)
  const [issue] = explain(error.cause.issue).issues
  const path = (issue?.path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment))
  return Effect.fail(
    new RequestInvalid({
      part: [error.kind.toLowerCase(), ...path].join("."),
      reason: issue?.message ?? "not as it should be"
    })
  )
}

const answerHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" }

const layerRequestCheck = Layer.effect(
  RequestCheck,
  Effect.map(Limits, ({ textLimitBytes }) => {
    // A character of the longest text may be written as six.
    const bodyLimit = ByteSize.bytes(6 * textLimitBytes + 4096)
    return RequestCheck.of((app) =>
      HttpEffect.withPreResponseHandler(app, (_, response) =>
        Effect.succeed(HttpServerResponse.setHeaders(response, answerHeaders))
      ).pipe(
        Effect.provideService(HttpIncomingMessage.MaxBodySize, bodyLimit),
        Effect.catch((error): Effect.Effect<never, Types.unhandled | RequestInvalid> =>
          isSchemaError(error) ? requestInvalid(error) : Effect.fail(error)
        )
      )
    )
  })
)

const layerRequestLimit = Layer.effect(
  RequestLimit,
  Effect.gen(function* () {
    const { isBanned } = yield* Quota
    const requests = yield* AddressQuota.make(requestQuota)
    return RequestLimit.of((app) =>
      Effect.gen(function* () {
        const address = addressOf(yield* HttpServerRequest.HttpServerRequest)
        if (isBanned(address)) return yield* new AddressBanned()
        const key = addressKey(address)
        const retryAfterMillis = requests.waitMillis(key)
        if (retryAfterMillis > 0) return yield* new TooManyRequests({ retryAfterMillis })
        requests.spend(key)
        return yield* app
      })
    )
  })
)

const isReading = (method: string): boolean => method === "GET" || method === "HEAD"

const layerOperatorAccess = Layer.effect(
  OperatorAccess,
  Effect.gen(function* () {
    const login = yield* OperatorLogin
    const { baseUrl } = yield* Links
    // Of several schemes the refusal by the last is answered. So that of a token is kept, and the cookie's check repeats it.
    const refusedTokens = new WeakMap<object, Unauthorized | TooManyRequests>()
    return OperatorAccess.of({
      operatorToken: Effect.fnUntraced(function* (app, { credential }) {
        const token = Redacted.value(credential)
        if (token === "") return yield* new Unauthorized()
        const request = yield* HttpServerRequest.HttpServerRequest
        yield* Effect.tapError(login.check(token, addressOf(request)), (error) =>
          Effect.sync(() => refusedTokens.set(request.source, error))
        )
        return yield* app
      }),
      operatorCookie: Effect.fnUntraced(function* (app, { credential }) {
        const request = yield* HttpServerRequest.HttpServerRequest
        const refused = refusedTokens.get(request.source)
        if (refused !== undefined) return yield* refused
        if (!login.isOpen(Redacted.value(credential))) return yield* new Unauthorized()
        if (!isReading(request.method) && !isOwnPage(request, baseUrl())) return yield* new OriginForeign()
        return yield* app
      })
    })
  })
)

const layerBotAccess = Layer.effect(
  BotAccess,
  Effect.gen(function* () {
    const { identify } = yield* BotRegistry
    return BotAccess.of({
      botToken: Effect.fnUntraced(function* (app, { credential }) {
        const name = identify(Redacted.value(credential))
        if (name === undefined) return yield* new Unauthorized()
        return yield* Effect.provideService(app, CurrentBot, { name })
      })
    })
  })
)

export const layer = Layer.mergeAll(layerRequestCheck, layerRequestLimit, layerOperatorAccess, layerBotAccess)
