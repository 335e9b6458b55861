/** Connections that write down what they are given, and an exchange whose clock and chat are turned by hand. */
import type { Reply } from "../../../src/domain/Command.ts"
import type { Event, Perspective } from "../../../src/domain/Event.ts"
import type { HangupReason } from "../../../src/domain/Hangup.ts"
import { type Message, ProtocolName } from "../../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../../src/domain/Names.ts"
import type { Link } from "../../../src/protocols/Link.ts"
import type { Peer } from "../../../src/protocols/tsockm/TsockmPeer.ts"
import * as TsockmProtocol from "../../../src/protocols/tsockm/TsockmProtocol.ts"
import type { Received } from "../../../src/protocols/tsockm/TsockmRequest.ts"
import * as Steps from "../Steps.ts"
import { bytes } from "./Wire.ts"

export type Generation = 7 | 8

/** A connection that writes down what is sent by it. */
export interface RecordingLink extends Link<Uint8Array> {
  /** The packets since this was last called. */
  readonly sent: () => ReadonlyArray<string>
  readonly isEnded: () => boolean
}

/** A peer that has logged in. */
export interface Entered {
  readonly link: RecordingLink
  readonly secret: string
  readonly signature: string
  readonly key: Peer
  /** Its number in the chat. */
  readonly number: number
  readonly generation: Generation
}

/** Takes what is in a list. */
const taking =
  <Item>(list: Array<Item>) =>
  () =>
    list.splice(0)

/** The packets that clients write, as the originals do. */
export const request = {
  connect: (generation: Generation, name: string) =>
    generation === 8
      ? `REQ::COMM::200::CLIENT::client::client::127.0.0.1:6969::${name}`
      : `REQ::COMM::200::client::client::127.0.0.1:6969::${name}`,
  of: (generation: Generation, action: string, id: string, body = "") =>
    generation === 8
      ? `REQ::${action}::200::CLIENT::${id}::127.0.0.1:35602::127.0.0.1:6969::${body}`
      : `REQ::${action}::200::${id}::client::127.0.0.1:6969::${body}`
}

/** An exchange with ids that count, and users with numbers that do. */
export const bench = (options?: Partial<TsockmProtocol.Options> & { readonly doorman?: Steps.Doorman }) => {
  const { doorman, ...settings } = options ?? {}
  let nowMillis = 0
  let lastLink = 0
  let lastId = 0
  let lastSignature = 0
  const { asked, ended, faults, last, perform } = Steps.make<Peer>(ProtocolName.make("tsockm"), doorman)
  const protocol = TsockmProtocol.make({
    nowMillis: () => nowMillis,
    randomBytes: (count) => new Uint8Array(count),
    encoder: { encode: ({ length }) => (length === 4 ? `ID${++lastId}` : `SIG${++lastSignature}`) },
    ...settings
  })
  const exchange = protocol.exchange!
  const connections = new Map<
    string,
    { readonly reader: ReturnType<typeof protocol.reader>; readonly conversation: ReturnType<typeof protocol.converse> }
  >()

  const connect = (address = "127.0.0.1", port = 40_000 + lastLink): RecordingLink => {
    const frames: Array<string> = []
    let isEnded = false
    const link: RecordingLink = {
      id: `connection ${++lastLink}`,
      address,
      port,
      local: { address: "127.0.0.1", port: 6969 },
      isReliable: true,
      send: (frame) => void frames.push(Buffer.from(frame).toString()),
      end: () => {
        isEnded = true
      },
      sent: taking(frames),
      isEnded: () => isEnded
    }
    connections.set(link.id, { reader: protocol.reader(), conversation: protocol.converse(link) })
    return link
  }

  const conversationOf = (link: RecordingLink) => connections.get(link.id)!.conversation
  const readerOf = (link: RecordingLink) => connections.get(link.id)!.reader

  const follow = (link: RecordingLink, packets: ReadonlyArray<Received>): void => {
    for (const packet of packets) perform(conversationOf(link).receive(packet), link)
  }
  const read = (link: RecordingLink, text: string): void => follow(link, readerOf(link).read(bytes(text)))
  const finish = (link: RecordingLink): void => follow(link, readerOf(link).finish!())

  /** Has a connection bring packets, one read each and a rest behind it. */
  const bring = (link: RecordingLink, ...packets: ReadonlyArray<string>): void => {
    for (const packet of packets) {
      read(link, packet)
      finish(link)
    }
  }
  const close = (link: RecordingLink): void => perform(conversationOf(link).closed?.() ?? [])

  return {
    protocol,
    exchange,
    connect,
    bring,
    close,
    conversationOf,
    readerOf,
    /** Writes packets in one read, and nothing behind it. */
    read,
    /** Connects, writes one packet and ends; gives the connection. */
    once: (packet: string, address?: string): RecordingLink => {
      const link = connect(address)
      read(link, packet)
      finish(link)
      return link
    },
    /** Logs in. */
    enter: (generation: Generation, name: string, address?: string): Entered => {
      const link = connect(address)
      bring(link, request.connect(generation, name))
      const [, secret = "", signature = ""] = /::([^:|]*)\|.*#(.*)$/.exec(link.sent().at(-1) ?? "") ?? []
      return { link, secret, signature, ...last(), generation }
    },
    deliver: ({ key }: Entered, event: Event, as: Perspective = "witness") =>
      perform(exchange.deliver(key, event, as, (link, frame) => link.send(frame))),
    hangUp: ({ key }: Entered, reason: HangupReason = "killed") => perform(exchange.hangUp(key, reason)),
    check: ({ key }: Entered) => perform(exchange.check!(key)),
    /** Lets time pass, with a sweep every 100 ms as a service of the protocol does. */
    pass: (millis: number) => {
      const untilMillis = nowMillis + millis
      while (nowMillis < untilMillis) {
        nowMillis = Math.min(untilMillis, nowMillis - (nowMillis % 100) + 100)
        if (nowMillis % 100 === 0) perform(exchange.sweep())
      }
    },
    /** Commands that wait for an answer, which the test gives. */
    asked,
    /** Why sessions ended, since this was last called. */
    ended,
    /** How many faults there were since this was last called. */
    faults
  }
}

export type Bench = ReturnType<typeof bench>

/** A message of a user to `general`. */
export const said = (text: string, from = "eve", user = 99, more?: Partial<Message>): Event => ({
  _tag: "Said",
  user,
  message: {
    number: 1,
    from: from as UserName,
    protocol: ProtocolName.make("sockets"),
    room: "general" as RoomName,
    text,
    atMillis: 0,
    ...more
  }
})

/** The end of a user. */
export const left = (name: string, number: number, cause: "logout" | "leave" = "logout"): Event => ({
  _tag: "UserLeft",
  room: "general" as RoomName,
  user: { number, name: name as UserName, protocol: ProtocolName.make("sockets") },
  members: [],
  cause
})

/** The answer to a message that was delivered. */
export const accepted: Reply = {
  _tag: "Accepted",
  message: { number: 1, from: "ada" as UserName, protocol: ProtocolName.make("tsockm"), text: "hi", atMillis: 0 }
}

/** What is in a packet, by the place of the field from the end. */
export const bodies = (packets: ReadonlyArray<string>): ReadonlyArray<string> =>
  packets.map((packet) =>
    packet
      .split("::")
      .slice(packet.split("::")[3] === "SERVER" ? 7 : 6)
      .join("::")
  )

/** The id of the author of a message. */
export const authorOf = (packet: string): string => packet.split("::")[packet.split("::")[3] === "SERVER" ? 4 : 3]!

/** Has a peer ask who somebody is. */
export const ask = ({ once }: Bench, { generation, secret }: Entered, id: string): RecordingLink =>
  once(request.of(generation, "GET_PEER", secret, id))

/** What kinds of packets there are. */
export const kinds = (packets: ReadonlyArray<string>): ReadonlyArray<string> =>
  packets.map((packet) => packet.split("::").slice(0, 2).join(" "))
