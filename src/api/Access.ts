/**
 * Who may ask what.
 *
 * - Anybody may read what is public, not too fast.
 * - A bot shows its token as a bearer token; so does the operator, whose page shows a cookie instead.
 */
import { Context } from "effect"
import { HttpApiMiddleware, HttpApiSecurity } from "effect/http-api"
import type { UserName } from "../domain/Names.ts"
import { AddressBanned, OriginForeign, RequestInvalid, TooManyRequests, Unauthorized } from "./ApiError.ts"

/** The cookie that the operator's page has after its login. */
export const operatorCookie = "parlance_admin"

/** Refuses requests that are not what the API says, with a reason. */
export class RequestCheck extends HttpApiMiddleware.Service<RequestCheck>()("parlance/api/RequestCheck", {
  error: RequestInvalid
}) {}

/** Refuses requests of an address that come too fast, or that is banned. */
export class RequestLimit extends HttpApiMiddleware.Service<RequestLimit>()("parlance/api/RequestLimit", {
  error: [TooManyRequests, AddressBanned]
}) {}

/** Refuses whoever is not the operator. */
// @effect-diagnostics-next-line leakingRequirements:off -- whatever checks a request needs the request
export class OperatorAccess extends HttpApiMiddleware.Service<OperatorAccess>()("parlance/api/OperatorAccess", {
  error: [Unauthorized, OriginForeign, TooManyRequests],
  security: {
    operatorToken: HttpApiSecurity.bearer,
    operatorCookie: HttpApiSecurity.apiKey({ in: "cookie", key: operatorCookie })
  }
}) {}

/** The bot that asks. */
export class CurrentBot extends Context.Service<CurrentBot, { readonly name: UserName }>()(
  "parlance/api/Access/CurrentBot"
) {}

/** Refuses whoever has no bot's token. */
export class BotAccess extends HttpApiMiddleware.Service<BotAccess, { provides: CurrentBot }>()(
  "parlance/api/BotAccess",
  { error: Unauthorized, security: { botToken: HttpApiSecurity.bearer } }
) {}
