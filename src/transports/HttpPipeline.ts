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
  #isTurnScheduled = false
  readonly #pause = (): void => {
    if (this.#waiting.length > 0) this.#socket.pause()
  }
  // Node reads on by itself when it drops the rest of a request that was answered, and when an answer has been taken. If that
  // was asked for before the last pause and is done behind it, the socket takes itself for paused and is read all the same:
  // then it is resumed first.
  readonly #pauseAgain = (): void => {
    if (this.#waiting.length === 0) return
    if (this.#socket.isPaused()) this.#socket.resume()
    else this.#socket.pause()
  }
  readonly #resumed = (): void => {
    if (this.#waiting.length > 0) process.nextTick(this.#pauseAgain)
  }
  readonly #turn = (): void => {
    this.#isTurnScheduled = false
    if (this.#socket.destroyed) this.#waiting.length = 0
    while (this.#waiting.length > 0 && this.#isReady) this.#begin(...this.#waiting.shift()!)
    if (this.#waiting.length === 0 && !this.#socket.destroyed) this.#socket.resume()
  }
  readonly #closed = (): void => {
    this.#open--
    if (this.#waiting.length === 0 || this.#isTurnScheduled) return
    this.#isTurnScheduled = true
    // Others are served in between.
    setImmediate(this.#turn)
  }

  constructor(socket: Socket, serve: Serve) {
    this.#socket = socket
    this.#serve = serve
    socket.on("resume", this.#resumed)
  }

  push(request: IncomingMessage, response: ServerResponse): void {
    if (this.#waiting.length === 0 && this.#isReady) return this.#begin(request, response)
    if (this.#waiting.length >= limitWaiting) return void this.#socket.destroy()
    // Node reads on when it has read a request, in this turn but after this.
    if (this.#waiting.push([request, response]) === 1) process.nextTick(this.#pause)
  }

  get #isReady(): boolean {
    return this.#open === 0 || (this.#open < limitOpen && this.#socket.writableLength === 0)
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#open++
    response.once("close", this.#closed)
    this.#serve(request, response)
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
