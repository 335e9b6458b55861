/**
 * One packet of Socket.IO, as a protocol and its carrier hand it to each other.
 *
 * - An `Event` that came in with an `ack` number wants an answer: an `Ack` of that `id`, at most once. The number is the
 *   carrier's own and means something on that connection alone.
 * - A `Disconnect` goes out only, as the last packet. It tells the client not to come back by itself; one whose
 *   connection ends without it tries again.
 * - `args` are plain JSON on the way out. What comes in is whatever the peer sent.
 */
export type SocketIoPacket =
  | { readonly _tag: "Event"; readonly name: string; readonly args: ReadonlyArray<unknown>; readonly ack?: number }
  | { readonly _tag: "Ack"; readonly id: number; readonly args: ReadonlyArray<unknown> }
  | { readonly _tag: "Disconnect" }

type Event = SocketIoPacket & { readonly _tag: "Event" }

// Keeps the JSON of what it carries, made when it is first asked for.
class Outgoing {
  readonly #content: ReadonlyArray<unknown>
  #json: string | undefined
  #jsonBytes: number | undefined

  constructor(content: ReadonlyArray<unknown>) {
    this.#content = content
  }

  get json(): string {
    return (this.#json ??= JSON.stringify(this.#content))
  }

  get jsonBytes(): number {
    return (this.#jsonBytes ??= Buffer.byteLength(this.json))
  }
}

/** An event that goes out: however many recipients it has, its JSON is made once. */
export class OutgoingEvent extends Outgoing {
  readonly _tag = "Event"
  readonly name: string
  readonly args: ReadonlyArray<unknown>

  constructor(name: string, args: ReadonlyArray<unknown>) {
    super([name, ...args])
    this.name = name
    this.args = args
  }
}

/** An acknowledgement that goes out: however often it is counted, its JSON is made once. */
export class OutgoingAck extends Outgoing {
  readonly _tag = "Ack"
  readonly id: number
  readonly args: ReadonlyArray<unknown>

  constructor(id: number, args: ReadonlyArray<unknown>) {
    super(args)
    this.id = id
    this.args = args
  }
}

/** The JSON that an event is sent as: an array of its name and its arguments. */
export const jsonOf = (event: Event): string =>
  event instanceof Outgoing ? event.json : JSON.stringify([event.name, ...event.args])

/** How many bytes the JSON of a packet has; that of an acknowledgement is the array of its arguments. */
export const jsonBytesOf = (packet: SocketIoPacket): number => {
  if (packet instanceof Outgoing) return packet.jsonBytes
  if (packet._tag === "Disconnect") return 0
  return Buffer.byteLength(packet._tag === "Event" ? jsonOf(packet) : JSON.stringify(packet.args))
}
