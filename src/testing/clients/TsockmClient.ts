/** A scripted client of TsockM, which writes packets of 7 fields on one connection, as somebody with a terminal does. */
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import * as TsockmPacket from "../../protocols/tsockm/TsockmPacket.ts"
import * as TsockmProtocol from "../../protocols/tsockm/TsockmProtocol.ts"
import { packetLimitBytes } from "../../protocols/tsockm/TsockmText.ts"
import * as Peer from "../Peer.ts"
import { monotonicClock } from "./ClientClock.ts"
import * as Client from "./Client.ts"

/** A packet of the server. */
export interface Packet extends TsockmPacket.Fields {
  /** Whether it is as long as a packet can be, so that the next may go on with its text. */
  readonly isFull: boolean
}

/** A client; it has the packets of the server. A text of several packets, all but the last of them full, is one. */
export type TsockmClient = Client.Client<Uint8Array, Uint8Array, Packet>

/** How long it is silent behind each packet, by which the server knows where that ends. */
const restMillis = 40

/** A request of a client that speaks for its connection, with a line end. */
export const request = (action: TsockmPacket.Action, body: string): Uint8Array =>
  new TextEncoder().encode(`REQ::${action}::200::client::client::127.0.0.1:6969::${body}\n`)

/** The packet in a frame. */
export const read = (frame: Uint8Array): Packet => ({
  ...TsockmPacket.fields(new TextDecoder().decode(frame)),
  isFull: frame.length === packetLimitBytes
})

/** The protocol as the clients speak it: not paced, and its ids are no secrets. */
export const protocol = Effect.map(monotonicClock, (nowMillis) => {
  let last = 0
  const encode = () => `ID${++last}`
  const randomBytes = (count: number) => new Uint8Array(count)
  return TsockmProtocol.make({ gapMillis: 0, nowMillis, randomBytes, encoder: { encode } })
})

/** Connects for as long as the scope lasts. Each packet that it writes takes 40 ms of the TestClock. */
export const connect: Effect.Effect<TsockmClient, never, Peer.Provided | Scope.Scope> = Effect.gen(function* () {
  const services = yield* Peer.Services
  const files = yield* Client.files
  const peer = yield* Peer.connect(yield* services.one(protocol))
  const find = Client.finder("tsockm", peer, (frame: Uint8Array) => Effect.succeed([read(frame)]))
  const ask = (action: TsockmPacket.Action, body: string) =>
    Effect.andThen(peer.send(request(action, body)), TestClock.adjust(restMillis))
  const names = new Map<string, string>()
  const heard: Array<Client.Heard> = []

  const nameOf = Effect.fnUntraced(function* (id: string) {
    const known = names.get(id)
    if (known !== undefined) return known
    yield* ask("GET_PEER", id)
    const { body } = yield* find((it) => (it.action === "GET_PEER" ? it : undefined), `who ${id} is`)
    const name = body.replace(/#.*$/, "")
    names.set(id, name)
    return name
  })

  const message = (what: string) => find((it) => (it.type === "RES" && it.action === "MSG" ? it : undefined), what)
  const hear = Effect.fnUntraced(function* (from: string | undefined, isIt: (text: string) => boolean = () => true) {
    for (let seen = 0; ; seen++) {
      if (seen === heard.length) {
        const first = yield* message(`a message of ${from ?? "anybody"}`)
        let text = first.body
        for (let last = first; last.isFull;) {
          last = yield* message("the rest of a message")
          text += last.body
        }
        heard.push({ from: yield* nameOf(first.sender), text })
      }
      const it = heard[seen]!
      if (!Client.isWanted(from, it.from, "") || !isIt(it.text)) continue
      heard.splice(seen, 1)
      return it
    }
  })

  return {
    peer,
    find,
    login: Effect.fnUntraced(function* (name) {
      yield* ask("COMM", name)
      const { body, type } = yield* find((it) => (it.action === "COMM" ? it : undefined), "the answer to a login")
      if (type === "ERR") return yield* new Client.Refused({ message: body })
    }),
    say: (text) => ask("MSG", text),
    hear: (from) => hear(from),
    join: Effect.fnUntraced(function* (room) {
      yield* ask("MSG", `/join ${room}`)
      yield* hear("Server", (text) => text.startsWith(`You are in ${room}`))
    }),
    fetchFile: Effect.fnUntraced(function* (name) {
      const { text } = yield* hear(undefined, (text) => Client.linkOf(text, name) !== undefined)
      return yield* files.byLink(Client.linkOf(text, name) ?? "")
    }),
    leave: Client.leaving(peer)
  }
})

/** Connects and logs in. */
export const enter = Client.entering(connect)
