/** A scripted client of the packet protocol, over a connection. */
import { Effect, Result, type Scope } from "effect"
import * as PacketCodec from "../../protocols/packet/PacketCodec.ts"
import * as PacketNumber from "../../protocols/packet/PacketNumber.ts"
import * as PacketProtocol from "../../protocols/packet/PacketProtocol.ts"
import { type Request, requestTypes } from "../../protocols/packet/PacketRequest.ts"
import type { Response } from "../../protocols/packet/PacketResponse.ts"
import * as Peer from "../Peer.ts"
import { monotonicClock } from "./ClientClock.ts"
import * as Client from "./Client.ts"

/** A client; it has the packets of the server. */
export interface PacketClient extends Client.SendingClient<Uint8Array, Uint8Array, Response> {
  /** Sends packets, each as a read of its own. */
  readonly send: (...requests: ReadonlyArray<Request>) => Effect.Effect<void>
  /** The secret number of its session; 0 before the login. */
  readonly session: () => bigint
}

/** The packet in a frame. */
export const read = (frame: Uint8Array): Response => Result.getOrThrow(PacketCodec.readResponse(frame))

/** The bytes of a request. */
export const write = (request: Request): Uint8Array => PacketCodec.writeRequest(request)

/** The protocol as the clients speak it: its numbers are no secrets. */
export const protocol = Effect.map(monotonicClock, (nowMillis) => {
  let last = 0n
  return PacketProtocol.make({ nowMillis, random: () => ++last })
})

type Case<Tag extends Response["_tag"]> = Extract<Response, { readonly _tag: Tag }>

/** Connects for as long as the scope lasts. */
export const connect: Effect.Effect<PacketClient, never, Peer.Provided | Scope.Scope> = Effect.gen(function* () {
  const services = yield* Peer.Services
  const peer = yield* Peer.connect(yield* services.one(protocol))
  const find = Client.finder("packet", peer, (frame: Uint8Array) => Effect.succeed([read(frame)]))
  const send: PacketClient["send"] = (...requests) => peer.send(...requests.map(write))
  const names = new Map([[0n, "Server"]])
  const heard: Array<Client.Heard> = []
  let session = 0n
  let lastMessage = 0n

  // Sends a request and waits for its answer, of which `isIt` says whether it is that.
  const ask = Effect.fnUntraced(function* <Tag extends Response["_tag"]>(
    request: Request,
    tag: Tag,
    isIt: (answer: Case<Tag>) => boolean = () => true
  ): Effect.fn.Return<Case<Tag>, Client.Failure> {
    yield* send(request)
    const is = (packet: Response): packet is Case<Tag> => packet._tag === tag
    const answer = yield* find((packet) => {
      if (packet._tag === "Error" && packet.requestType === requestTypes[request._tag]) return packet
      return is(packet) && isIt(packet) ? packet : undefined
    }, `the answer to ${request._tag}`)
    return is(answer) ? answer : yield* new Client.Refused({ message: answer._tag === "Error" ? answer.text : "" })
  })

  const nameOf = Effect.fnUntraced(function* (user: bigint) {
    const known = names.get(user)
    if (known !== undefined) return known
    const { name } = yield* ask(
      { _tag: "UserDataRequest", session, user },
      "UserDataResponse",
      (it) => it.user === user
    )
    names.set(user, name)
    return name
  })

  const hear = Effect.fnUntraced(function* (from: string | undefined, isIt: (text: string) => boolean = () => true) {
    for (let seen = 0; ; seen++) {
      if (seen === heard.length) {
        const { blob, message, user } = yield* find(
          (packet) => (packet._tag === "IncomingMessage" ? packet : undefined),
          `a message of ${from ?? "anybody"}`
        )
        yield* send({ _tag: "IncomingMessageResponse", message })
        heard.push({ from: yield* nameOf(user), text: new TextDecoder().decode(blob) })
      }
      const it = heard[seen]!
      if (!Client.isWanted(from, it.from, "") || !isIt(it.text)) continue
      heard.splice(seen, 1)
      return it
    }
  })

  const say = (text: string) =>
    send({ _tag: "BroadcastRequest", session, message: ++lastMessage, blob: new TextEncoder().encode(text) })

  return {
    peer,
    find,
    send,
    session: () => session,
    say,
    hear: (from) => hear(from),
    login: Effect.fnUntraced(function* (name) {
      ;({ session } = yield* ask({ _tag: "SessionRequest", name }, "SessionCookie"))
    }),
    join: Effect.fnUntraced(function* (room) {
      yield* say(`/join ${room}`)
      yield* hear("Server", (text) => text.startsWith(`You are in ${room}`))
    }),
    sendFile: Effect.fnUntraced(function* (name, content) {
      const sizeBytes = content.length
      const { transaction } = yield* ask({ _tag: "UploadRequest", session, sizeBytes, name }, "TransferResponse")
      for (let chunk = 0; chunk < PacketNumber.chunkCount(sizeBytes); chunk++) {
        const atByte = chunk * PacketNumber.chunkBytes
        const blob = content.subarray(atByte, atByte + PacketNumber.chunkBytes)
        const request = { _tag: "UploadChunkRequest", transaction, chunk, blob } as const
        yield* ask(request, "UploadChunkResponse", (it) => it.transaction === transaction && it.chunk === chunk)
      }
    }),
    fetchFile: Effect.fnUntraced(function* (wanted) {
      const { files } = yield* ask({ _tag: "FilesRequest", session }, "FilesResponse")
      for (const file of files.toReversed()) {
        const { name, sizeBytes } = yield* ask({ _tag: "FileDataRequest", session, file }, "FileDataResponse")
        if (name !== wanted) continue
        const { transaction } = yield* ask({ _tag: "DownloadRequest", session, file }, "TransferResponse")
        const content = new Uint8Array(sizeBytes)
        for (let chunk = 0; chunk < PacketNumber.chunkCount(sizeBytes); chunk++) {
          const request = { _tag: "DownloadChunkRequest", transaction, chunk } as const
          const { blob } = yield* ask(
            request,
            "DownloadChunkResponse",
            (it) => it.transaction === transaction && it.chunk === chunk
          )
          content.set(blob, chunk * PacketNumber.chunkBytes)
        }
        return content
      }
      return yield* new Client.Refused({ message: `there is no file ${wanted}` })
    }),
    leave: Client.leaving(peer)
  }
})

/** Connects and logs in. */
export const enter = Client.entering(connect)
