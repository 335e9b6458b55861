/**
 * A TCP connection: a carrier for what goes out, and an inbound for what comes.
 *
 * - What comes is handed over in the turn in which it is read. Paused, the socket takes no more than its buffer holds.
 * - Each `write` of bytes is one write of the socket.
 * - A stored file goes out piece by piece, the next one when the kernel has taken the last; nothing goes between them.
 * - A file that cannot be sent whole ends the connection, for its peer waits for so many bytes of it.
 */
import { Effect, type Fiber, Stream } from "effect"
import type { Socket as NetSocket } from "node:net"
import { StorageFailed } from "../domain/Rejection.ts"
import type { ByteFrame } from "../protocols/Protocol.ts"
import type { Attachments } from "../services/Attachments.ts"
import type { Carrier, CarrierListener } from "./Carrier.ts"
import type { Accepted, RemoteAddress } from "./Accepted.ts"
import * as FileContent from "./FileContent.ts"
import { type Flow, Inbound } from "./Inbound.ts"
import * as OwnBytes from "./OwnBytes.ts"

/** What the carriers of a port have in common. */
export interface TcpContext {
  /** Makes the bytes of one write of frames. */
  readonly join: Join
  readonly attachments: Attachments["Service"]
  /** All sockets that are open. */
  readonly sockets: Set<NetSocket>
  /** Runs the fiber that sends files. */
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

const isBytes = (frame: ByteFrame): frame is Uint8Array => frame instanceof Uint8Array
const heldBytes = (frame: ByteFrame): number =>
  isBytes(frame) ? frame.length : frame.head.length + frame.tail.length + 1

/** Joins frames into bytes that nobody may change; undefined if not all of them are bytes. */
export type Join = (frames: ReadonlyArray<ByteFrame>) => Uint8Array | undefined

/** Makes a join that remembers the last bytes: those of one batch go to many sockets. */
export const makeJoin = (): Join => {
  let last: ReadonlyArray<ByteFrame> | undefined
  let bytes: Uint8Array | undefined
  return (frames) => {
    if (frames !== last) {
      last = frames
      const [first] = frames
      if (frames.length === 1 && first !== undefined) bytes = isBytes(first) ? first : undefined
      else bytes = frames.every(isBytes) ? Buffer.concat(frames) : undefined
    }
    return bytes
  }
}

// Whatever goes wrong with a socket closes it, and that is told.
const ignore = (): void => {}

/** The two sides of a socket. A class, because there may be very many: closures would take more memory. */
export class TcpCarrier
  implements Carrier<ByteFrame>, Flow<Uint8Array>, RemoteAddress, Accepted<Uint8Array, ByteFrame>
{
  readonly inbound = new Inbound<Uint8Array>(this)
  readonly hasPlace: false | undefined
  readonly #socket: NetSocket
  readonly #context: TcpContext
  #listener: CarrierListener | undefined
  #sending: Fiber.Fiber<void> | undefined
  // Bytes of memory that frames hold which wait behind a file.
  #waitingBytes = 0
  #isReading = false
  readonly #settled = (): void => {
    if (this.#socket.writableLength === 0 && this.#waitingBytes === 0) this.#listener?.drained()
    else this.#listener?.progressed()
  }

  /** Without a place its peer is told so, whatever the quota of its address. */
  constructor(socket: NetSocket, context: TcpContext, hasPlace?: false) {
    this.hasPlace = hasPlace
    this.#socket = socket
    this.#context = context
    context.sockets.add(socket)
    socket.on("error", ignore)
    socket.on("close", () => {
      context.sockets.delete(socket)
      this.#sending?.interruptUnsafe()
      this.#listener?.closed()
      this.inbound.end()
    })
  }

  get carrier(): this {
    return this
  }

  get remote(): this {
    return this
  }

  get address(): string {
    return this.#socket.remoteAddress ?? ""
  }

  get port(): number | undefined {
    return this.#socket.remotePort
  }

  get local(): { readonly address: string; readonly port: number } {
    return { address: this.#socket.localAddress ?? "", port: this.#socket.localPort ?? 0 }
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    if (this.#isReading) this.#socket.resume()
    else {
      this.#isReading = true
      this.#socket.on("data", (bytes: Buffer) => this.inbound.push([bytes]))
      this.#socket.on("end", () => this.inbound.end())
    }
  }

  release(bytes: Uint8Array): void {
    OwnBytes.free(bytes)
  }

  write(frames: ReadonlyArray<ByteFrame>): void {
    if (!this.#socket.writable) return
    const bytes = this.#context.join(frames)
    if (bytes !== undefined) {
      this.#socket.write(bytes, this.#settled)
      return
    }
    this.#waitingBytes = frames.reduce((sum, frame) => sum + heldBytes(frame), 0)
    this.#sending = this.#context.run(this.#send(frames))
  }

  unsentBytes(): number {
    return this.#socket.destroyed ? 0 : this.#socket.writableLength + this.#waitingBytes
  }

  listen(listener: CarrierListener): void {
    this.#listener = listener
  }

  end(): void {
    this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #writePiece(piece: Uint8Array): Effect.Effect<void, StorageFailed> {
    return Effect.callback<void, StorageFailed>((resume) => {
      if (!this.#socket.writable) return resume(Effect.fail(new StorageFailed()))
      this.#socket.write(piece, (error) => {
        OwnBytes.free(piece)
        resume(error ? Effect.fail(new StorageFailed()) : Effect.void)
        this.#listener?.progressed()
      })
    })
  }

  #sendFrame(frame: ByteFrame): Effect.Effect<void, StorageFailed> {
    const writePiece = (piece: Uint8Array) => this.#writePiece(piece)
    const sent = isBytes(frame)
      ? writePiece(frame.slice())
      : Stream.runForEach(FileContent.read(this.#context.attachments, frame), writePiece)
    return Effect.andThen(
      sent,
      Effect.sync(() => {
        this.#waitingBytes -= heldBytes(frame)
      })
    )
  }

  #send(frames: ReadonlyArray<ByteFrame>): Effect.Effect<void> {
    return Effect.forEach(frames, (frame) => this.#sendFrame(frame), { discard: true }).pipe(
      Effect.matchEffect({
        onSuccess: () => Effect.sync(this.#settled),
        onFailure: () =>
          this.#socket.destroyed
            ? Effect.void
            : Effect.andThen(
                Effect.logWarning("A file could not be sent whole"),
                Effect.sync(() => void this.#socket.destroy())
              )
      })
    )
  }
}
