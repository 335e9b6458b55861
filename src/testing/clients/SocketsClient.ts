/** A scripted client of the `sockets` protocol: the events of Socket.IO, without its transport. */
import { Effect, Option, Schema, type Scope, Stream } from "effect"
import type { SocketIoPacket } from "../../protocols/SocketIoPacket.ts"
import { Answer, type ClientEvent, encodedArgs, ServerEvent } from "../../protocols/sockets/SocketsPacket.ts"
import * as SocketsProtocol from "../../protocols/sockets/SocketsProtocol.ts"
import { ResumableUploads } from "../../services/ResumableUploads.ts"
import * as Peer from "../Peer.ts"
import * as Client from "./Client.ts"

export type { Answer, ServerEvent } from "../../protocols/sockets/SocketsPacket.ts"

/** What a client gets: an event of the server, the answer to one of its own, or what is neither. */
export type Packet =
  | ServerEvent
  | { readonly name: "ack"; readonly id: number; readonly args: ReadonlyArray<unknown> }
  | { readonly name: "disconnect" }
  | { readonly name: "unknown"; readonly frame: SocketIoPacket }

/** A client. */
export interface SocketsClient extends Client.SendingClient<SocketIoPacket, SocketIoPacket, Packet> {
  /** Emits an event. */
  readonly emit: (event: ClientEvent) => Effect.Effect<void>
  /** Emits an event and waits for its acknowledgement. */
  readonly ask: (event: ClientEvent) => Effect.Effect<Answer & { readonly ok: true }, Client.Failure>
}

const decodeEvent = Schema.decodeUnknownOption(ServerEvent)
const decodeAnswer = Schema.decodeUnknownEffect(Answer)

/** What is in a frame. */
export const read = (frame: SocketIoPacket): Packet => {
  switch (frame._tag) {
    case "Ack":
      return { name: "ack", id: frame.id, args: frame.args }
    case "Disconnect":
      return { name: "disconnect" }
    case "Event":
      return Option.getOrElse(decodeEvent({ name: frame.name, args: frame.args }), () => ({ name: "unknown", frame }))
  }
}

/** The protocol as the clients speak it. */
export const protocol = Effect.sync(() => SocketsProtocol.make())

/** Connects for as long as the scope lasts. */
export const connect: Effect.Effect<SocketsClient, never, Peer.Provided | Scope.Scope> = Effect.gen(function* () {
  const services = yield* Peer.Services
  const files = yield* Client.files
  const uploads = yield* ResumableUploads
  const peer = yield* Peer.connect(yield* services.one(protocol))
  const find = Client.finder("sockets", peer, (frame: SocketIoPacket) => Effect.succeed([read(frame)]))
  let lastAck = 0
  let own = ""

  const acknowledged = Effect.fnUntraced(function* ({ args, name }: ClientEvent) {
    const ack = ++lastAck
    yield* peer.send({ _tag: "Event", name, args, ack })
    return yield* find(
      (packet) => (packet.name === "ack" && packet.id === ack ? packet.args : undefined),
      `the acknowledgement of ${name}`
    )
  })
  const ask: SocketsClient["ask"] = Effect.fnUntraced(function* (event) {
    const [answered] = yield* acknowledged(event)
    const answer = yield* Effect.mapError(decodeAnswer(answered), ({ message }) => new Client.Refused({ message }))
    return answer.ok ? answer : yield* new Client.Refused({ message: answer.error.message })
  })

  return {
    peer,
    find,
    emit: (event) => peer.send({ _tag: "Event", name: event.name, args: encodedArgs(event) }),
    ask,
    login: Effect.fnUntraced(function* (name) {
      const [isIn] = yield* acknowledged({ name: "register", args: [name] })
      if (isIn !== true) return yield* new Client.Refused({ message: `the name ${JSON.stringify(name)} was refused` })
      own = name
    }),
    say: (message) => peer.send({ _tag: "Event", name: "message", args: [{ from: own, message }] }),
    hear: (from) =>
      find(
        (packet) => {
          if (packet.name !== "message") return undefined
          const [note] = packet.args
          return Client.isWanted(from, note.from, own) ? { from: note.from, text: note.message } : undefined
        },
        `a message of ${from ?? "anybody"}`
      ),
    join: (room) => Effect.asVoid(ask({ name: "join", args: [room] })),
    sendFile: Effect.fnUntraced(function* (name, content) {
      const { url = "" } = yield* ask({ name: "upload", args: [{ name, size: content.length }] })
      // As a request over HTTP would bring it.
      const { file = "" } = yield* uploads
        .write(url.slice(url.lastIndexOf("/") + 1), 0, Stream.succeed(content))
        .pipe(Effect.mapError(({ _tag }) => new Client.Refused({ message: _tag })))
      yield* ask({ name: "message", args: [{ from: own, message: "", file }] })
    }),
    fetchFile: (name) =>
      Effect.flatMap(
        find(
          (packet) => (packet.name === "file" && packet.args[0].name === name ? packet.args[0].url : undefined),
          `the file ${name}`
        ),
        files.byLink
      ),
    leave: Client.leaving(peer)
  }
})

/** Connects and logs in. */
export const enter = Client.entering(connect)
