/** The typed client of the HTTP API. */
import type { Effect, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { ParlanceApi } from "./ParlanceApi.ts"

/** Methods by group: `client.rooms.list()`, `client.operator.kick({ params: { peer: "alice" } })`. */
export type Client = HttpApiClient.ForApi<typeof ParlanceApi>

/** Where the server is, and with which token to ask it: a bot's, the operator's, or none. */
export interface ClientOptions {
  readonly baseUrl: string | URL
  readonly token?: string | Redacted.Redacted | undefined
}

/** Makes a client, which asks through the `HttpClient` that it is given. */
export const make = ({ baseUrl, token }: ClientOptions): Effect.Effect<Client, never, HttpClient.HttpClient> =>
  HttpApiClient.make(ParlanceApi, {
    baseUrl,
    ...(token !== undefined && {
      transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(token))
    })
  })
