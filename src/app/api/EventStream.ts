/**
 * Server-sent events as the body of an answer.
 *
 * A comment goes first, so that the client knows that the stream has begun. Then there is one every
 * {@link heartbeatSeconds} seconds, so that no proxy closes the connection as idle. The body ends when its events do.
 */
import { Duration, Stream } from "effect"
import { HttpServerResponse } from "effect/http"

export const heartbeatSeconds = 15

/** One event. */
export interface Entry {
  readonly id?: string | undefined
  readonly event: string
  readonly data: unknown
}

/** An event as it is sent; its data is JSON, which has no line breaks. */
export const render = ({ data, event, id }: Entry): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

const heartbeats = Stream.tick(Duration.seconds(heartbeatSeconds)).pipe(Stream.map(() => ": \n\n"))

/** Answers with events that are rendered already. */
export const respond = (events: Stream.Stream<string>): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(Stream.merge(events, heartbeats, { haltStrategy: "left" }).pipe(Stream.encodeText), {
    contentType: "text/event-stream",
    // The last one is for nginx, which would collect the events.
    headers: { "cache-control": "no-store", "x-accel-buffering": "no" }
  })
