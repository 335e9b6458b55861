/**
 * Requests that a peer sends before it was answered (RFC 9112 § 9.3.2).
 *
 * - While a connection has answers that its peer does not read, the bytes in its socket's own buffer too, and while
 *   {@link limitOpen} of its requests are being answered, no further one is looked at, and none is read.
 * - What came in the last read waits for its turn. Node cannot stop in the middle of a read; whoever still gets
 *   {@link limitWaiting} requests to wait loses the connection.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Socket } from "node:net"

/** How many requests of a connection are answered at a time. */
export const limitOpen = 8
/** How many wait: as many of the shortest ones as one read can hold. */
export const limitWaiting = 4096

type Serve = (request: IncomingMessage, response: ServerResponse) => void

/** The requests of one connection. */
class HttpPipeline {
  readonly #socket: Socket
  readonly #serve: Serve
  readonly #waiting: Array<readonly [IncomingMessage, ServerResponse]> = []
  #open = 0
  #isPaused = false
  #isPauseScheduled = false
  readonly #pause = (): void => {
    this.#isPauseScheduled = false
    if (this.#waiting.length > 0) this.#socket.pause()
  }
  readonly #closed = (): void => {
    this.#open--
    this.#next()
  }

  constructor(socket: Socket, serve: Serve) {
    this.#socket = socket
    this.#serve = serve
  }

  push(request: IncomingMessage, response: ServerResponse): void {
    if (this.#waiting.length === 0 && this.#isReady) return this.#begin(request, response)
    if (this.#waiting.length >= limitWaiting) return void this.#socket.destroy()
    this.#waiting.push([request, response])
    this.#isPaused = true
    this.#schedulePause()
  }

  // Node reads on at the end of each request that it has read: after this, and not before the immediates of this turn.
  #schedulePause(): void {
    if (this.#isPauseScheduled) return
    this.#isPauseScheduled = true
    setImmediate(this.#pause)
  }

  get #isReady(): boolean {
    return this.#open === 0 || (this.#open < limitOpen && this.#socket.writableLength === 0)
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#open++
    response.once("close", this.#closed)
    this.#serve(request, response)
  }

  #next(): void {
    if (this.#socket.destroyed) this.#waiting.length = 0
    while (this.#waiting.length > 0 && this.#isReady) this.#begin(...this.#waiting.shift()!)
    if (!this.#isPaused) return
    if (this.#waiting.length > 0) {
      // It also does when it drops the rest of a request that was answered, and when the next one's body is read.
      process.nextTick(this.#pause)
      this.#schedulePause()
      return
    }
    this.#isPaused = false
    if (!this.#socket.destroyed) this.#socket.resume()
  }
}

/** Has the requests of each connection served in their turn. */
export const inTurn = (serve: Serve): RequestListener => {
  const pipelines = new WeakMap<Socket, HttpPipeline>()
  return (request, response) => {
    const { socket } = request
    let pipeline = pipelines.get(socket)
    if (pipeline === undefined) {
      pipeline = new HttpPipeline(socket, serve)
      pipelines.set(socket, pipeline)
    }
    pipeline.push(request, response)
  }
}
