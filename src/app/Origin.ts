/** Where a request comes from. */
import { Option } from "effect"
import type { HttpServerRequest } from "effect/http"
import { isOriginOf } from "../transports/HttpSite.ts"

type Request = HttpServerRequest.HttpServerRequest

/** The IP address of the peer; empty if it is not known. */
export const addressOf = (request: Request): string => Option.getOrElse(request.remoteAddress, () => "")

/**
 * Whether a page of this server, and no other, has sent a request: its origin is that of the public address, or the host
 * that was asked for. What has no origin comes from no page that a browser lets send anything that changes something.
 */
export const isOwnPage = ({ headers }: Request, publicUrl: string): boolean => {
  const { host, origin } = headers
  if (origin === undefined) return false
  return origin === URL.parse(publicUrl)?.origin || isOriginOf(origin, host)
}
