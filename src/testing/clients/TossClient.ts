/** A scripted client of Toss-a-Message, which speaks Slip. */
import { Effect, type Scope } from "effect"
import { timeOfDay } from "./ClientClock.ts"
import type { ByteFrame } from "../../protocols/Protocol.ts"
import * as TossProtocol from "../../protocols/toss/TossProtocol.ts"
import * as Peer from "../Peer.ts"
import * as Client from "./Client.ts"
import * as TossWire from "./TossWire.ts"

/** A client; it has the responses of the server. */
export type TossClient = Client.SendingClient<Uint8Array, ByteFrame, TossWire.Response>

/** The protocol as the clients speak it: not paced. */
export const protocol = Effect.map(timeOfDay, (nowMillis) => TossProtocol.make({ gapMillis: 0, nowMillis }))

/** Connects for as long as the scope lasts. */
export const connect: Effect.Effect<TossClient, never, Peer.Provided | Scope.Scope> = Effect.gen(function* () {
  const services = yield* Peer.Services
  const files = yield* Client.files
  const peer = yield* Peer.connect(yield* services.one(protocol))
  const reader = TossWire.reader()
  // The content of a file is read where it is stored, as a socket would be sent it.
  const bytesOf = Effect.fnUntraced(function* (frame: ByteFrame) {
    if (frame instanceof Uint8Array) return frame
    const content = yield* Effect.orDie(files.byNumber(frame.file))
    return TossWire.glue(frame.head, content, frame.tail)
  })
  const find = Client.finder("toss", peer, (frame: ByteFrame) => Effect.map(bytesOf(frame), reader.push))
  const ask = (action: string, data: Parameters<typeof TossWire.request>[1]) =>
    peer.send(TossWire.announced(TossWire.request(action, data)))
  let own = ""

  const message = (from: string | undefined, isIt: (text: string) => boolean = () => true) =>
    find(
      ({ action, data, status }) => {
        if (action !== "send-message" || status !== 100 || data?.username === undefined) return undefined
        const { message: text = "", username } = data
        const isWanted = from === undefined ? username !== own : username === from
        return isWanted && isIt(text) ? { from: username, text } : undefined
      },
      `a message of ${from ?? "anybody"}`
    )

  return {
    peer,
    find,
    login: Effect.fnUntraced(function* (username) {
      yield* ask("log-in", { username })
      const { data, status } = yield* find(
        (it) => (it.status >= 200 || (it.action === "log-in" && it.data?.username === undefined) ? it : undefined),
        "the answer to a login"
      )
      if (status >= 200) return yield* new Client.Refused({ message: JSON.stringify(data?.errors) })
      own = username
    }),
    say: (text) => ask("send-message", { message: text }),
    hear: (from) => message(from),
    join: Effect.fnUntraced(function* (room) {
      yield* ask("send-message", { message: `/join ${room}` })
      yield* message("Server", (text) => text.startsWith(`You are in ${room}`))
    }),
    sendFile: Effect.fnUntraced(function* (name, content) {
      yield* ask("send-message", { message: "", attachment: TossWire.file(name, content) })
      const { data, status } = yield* find(
        (it) => (it.status >= 200 || it.data?.attachment?.name === name ? it : undefined),
        `the confirmation of the file ${name}`
      )
      if (status >= 200) return yield* new Client.Refused({ message: JSON.stringify(data?.errors) })
    }),
    fetchFile: (name) =>
      find(({ data }) => (data?.attachment?.name === name ? data.attachment.content : undefined), `the file ${name}`),
    leave: Client.leaving(peer)
  }
})

/** Connects and logs in. */
export const enter = Client.entering(connect)
