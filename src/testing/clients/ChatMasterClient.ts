/** A scripted client of ChatMaster 3000. */
import { Effect, type Scope } from "effect"
import * as ChatMasterProtocol from "../../protocols/chatmaster/ChatMasterProtocol.ts"
import type { ServerPackage } from "../../protocols/chatmaster/ChatMasterPacket.ts"
import * as Peer from "../Peer.ts"
import * as Client from "./Client.ts"

export type {
  ChannelList,
  Notification,
  Presence,
  Renaming,
  ServerPackage
} from "../../protocols/chatmaster/ChatMasterPacket.ts"

/** A package as a client writes it. */
export const encode = (type: "command" | "message", data: unknown): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ type, data }))

/** The package in a frame that is not compressed. */
export const read = (frame: Uint8Array): ServerPackage => JSON.parse(new TextDecoder().decode(frame)) as ServerPackage

/** A client; it has the packages of the server. */
export type ChatMasterClient = Client.Client<Uint8Array, Uint8Array, ServerPackage>

/** The protocol as the clients speak it: not paced. */
export const protocol = Effect.sync(() => ChatMasterProtocol.make({ gapMillis: 0 }))

/** Connects for as long as the scope lasts. */
export const connect: Effect.Effect<ChatMasterClient, never, Peer.Provided | Scope.Scope> = Effect.gen(function* () {
  const services = yield* Peer.Services
  const files = yield* Client.files
  const peer = yield* Peer.connect(yield* services.one(protocol))
  const find = Client.finder("chatmaster", peer, (frame: Uint8Array) => Effect.succeed([read(frame)]))
  const command = (name: string, parameters: unknown = null) =>
    peer.send(encode("command", { command: name, parameters }))
  let own = ""

  return {
    peer,
    find,
    login: Effect.fnUntraced(function* (username) {
      yield* command("login", { username })
      const answer = yield* find(({ data, type }) => (type === "session" ? data : undefined), "the answer to a login")
      if (!answer.status) return yield* new Client.Refused({ message: answer.reason })
      own = username
    }),
    say: (message) => peer.send(encode("message", { message })),
    hear: (from) =>
      find(
        ({ data, type }) =>
          type === "message" && Client.isWanted(from, data.username, own)
            ? { from: data.username, text: data.message }
            : undefined,
        `a message of ${from ?? "anybody"}`
      ),
    join: Effect.fnUntraced(function* (channel) {
      yield* command("join", { channel })
      const refusal = yield* find(({ data, type }) => {
        if (type === "error") return data.message
        const isThere = type === "notification" && data.event_type === "user_joined" && data.channel === channel
        return isThere && data.username === own ? "" : undefined
      }, `the answer to joining ${channel}`)
      if (refusal !== "") return yield* new Client.Refused({ message: refusal })
    }),
    fetchFile: (name) =>
      Effect.flatMap(
        find(
          ({ data, type }) => (type === "message" ? Client.linkOf(data.message, name) : undefined),
          `a link to ${name}`
        ),
        files.byLink
      ),
    leave: Client.leaving(peer)
  }
})

/** Connects and logs in. */
export const enter = Client.entering(connect)
