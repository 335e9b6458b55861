/** Links that write down what they are given, and an exchange whose clock and chat are turned by hand. */
import { Result } from "effect"
import type { Reply } from "../../../src/domain/Command.ts"
import type { Event, Perspective } from "../../../src/domain/Event.ts"
import type { HangupReason } from "../../../src/domain/Hangup.ts"
import { type Message, ProtocolName } from "../../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../../src/domain/Names.ts"
import type { Link } from "../../../src/protocols/Link.ts"
import * as PacketCodec from "../../../src/protocols/packet/PacketCodec.ts"
import type * as PacketExchange from "../../../src/protocols/packet/PacketExchange.ts"
import * as PacketProtocol from "../../../src/protocols/packet/PacketProtocol.ts"
import type { Member } from "../../../src/protocols/packet/PacketMember.ts"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import type { Response } from "../../../src/protocols/packet/PacketResponse.ts"
import * as Steps from "../Steps.ts"

/** The response in a frame. */
export const response = (frame: Uint8Array): Response => Result.getOrThrow(PacketCodec.readResponse(frame))

/** A link that writes down what is sent by it. */
export interface RecordingLink extends Link<Uint8Array> {
  /** All frames since this was last called. */
  readonly frames: () => ReadonlyArray<Uint8Array>
  /** The same as packets. */
  readonly sent: () => ReadonlyArray<Response>
}

const link = (id: string, address: string, isReliable: boolean): RecordingLink => {
  let frames: Array<Uint8Array> = []
  const take = (): ReadonlyArray<Uint8Array> => {
    const taken = frames
    frames = []
    return taken
  }
  return {
    id,
    address,
    isReliable,
    send: (frame) => void frames.push(frame),
    end: () => {},
    frames: take,
    sent: () => take().map(response)
  }
}

/** An address from which datagrams come. */
export const udp = (port: number, address = "127.0.0.1"): RecordingLink =>
  link(`udp ${address}:${port}`, address, false)

/** A connection. */
export const tcp = (number: number, address = "127.0.0.1"): RecordingLink => link(`connection ${number}`, address, true)

type Protocol = ReturnType<typeof PacketProtocol.make>

/** What the exchange wanted done by others than links. */
export interface Bench {
  readonly protocol: Protocol
  readonly exchange: NonNullable<Protocol["exchange"]>
  /** Has a link bring packets: a datagram each, or over a connection one read. */
  readonly bring: (link: RecordingLink, ...requests: ReadonlyArray<Request>) => void
  readonly bringBytes: (link: RecordingLink, bytes: Uint8Array) => void
  /** Opens a session, over datagrams by the confirmation of its greeting; its number, and its key for events. */
  readonly enter: (link: RecordingLink, name: string) => { readonly session: bigint; readonly key: Member }
  readonly deliver: (key: Member, event: Event, as?: Perspective) => void
  readonly hangUp: (key: Member, reason: HangupReason) => void
  /** Lets time pass without a sweep. */
  readonly wait: (millis: number) => void
  /** Lets time pass, with a sweep when it has. */
  readonly pass: (millis: number) => void
  readonly close: (link: RecordingLink) => void
  /** Commands that wait for an answer, which the test gives. */
  readonly asked: () => ReadonlyArray<Steps.Asked<Member>>
  /** Why sessions ended, since this was last called. */
  readonly ended: () => ReadonlyArray<string>
  /** How many faults there were since this was last called: datagrams of no session, packets that are none. */
  readonly faults: () => number
  readonly logins: () => ReadonlyArray<string>
  /** The session that was logged in last. */
  readonly lastKey: () => Member
}

/** An exchange with random numbers that count from 1, and users with numbers that do. */
export const bench = (options?: Partial<PacketProtocol.Options> & { readonly doorman?: Steps.Doorman }): Bench => {
  const { doorman, ...settings } = options ?? {}
  let nowMillis = 0
  let lastRandom = 0n
  const { asked, ended, faults, last, logins, perform } = Steps.make<Member>(ProtocolName.make("packet"), doorman)
  const protocol = PacketProtocol.make({ nowMillis: () => nowMillis, random: () => ++lastRandom, ...settings })
  const exchange = protocol.exchange!
  const connections = new Map<
    string,
    { readonly reader: ReturnType<Protocol["reader"]>; readonly conversation: ReturnType<Protocol["converse"]> }
  >()

  const bringBytes = (link: RecordingLink, bytes: Uint8Array): void => {
    if (!link.isReliable) {
      const { read, receive } = protocol.datagrams!
      return perform(receive(link, read(bytes), bytes.length))
    }
    const connection = connections.get(link.id) ?? { reader: protocol.reader(), conversation: protocol.converse(link) }
    connections.set(link.id, connection)
    for (const packet of connection.reader.read(bytes)) perform(connection.conversation.receive(packet), link)
  }

  return {
    protocol,
    exchange,
    bringBytes,
    bring: (link, ...requests) => {
      for (const request of requests) bringBytes(link, PacketCodec.writeRequest(request))
    },
    enter: (link, name) => {
      bringBytes(link, PacketCodec.writeRequest({ _tag: "SessionRequest", name }))
      const sent = link.sent()
      const cookie = sent.find(({ _tag }) => _tag === "SessionCookie")
      for (const it of sent) {
        if (it._tag !== "IncomingMessage") continue
        bringBytes(link, PacketCodec.writeRequest({ _tag: "IncomingMessageResponse", message: it.message }))
      }
      return { session: cookie?._tag === "SessionCookie" ? cookie.session : 0n, key: last().key }
    },
    deliver: (key, event, as = "witness") =>
      perform(exchange.deliver(key, event, as, (link, frame) => link.send(frame))),
    hangUp: (key, reason) => {
      perform(exchange.hangUp(key, reason))
    },
    wait: (millis) => {
      nowMillis += millis
    },
    pass: (millis) => {
      nowMillis += millis
      perform(exchange.sweep())
    },
    close: (link) => perform(connections.get(link.id)?.conversation.closed?.() ?? []),
    asked,
    ended,
    faults,
    logins,
    lastKey: () => last().key
  }
}

/** A message of a user to `general`, by its number in the chat. */
export const said = (number: number, text: string, user = 9, more?: Partial<Message>): Event => ({
  _tag: "Said",
  user,
  message: {
    number,
    from: "eve" as UserName,
    protocol: ProtocolName.make("sockets"),
    room: "general" as RoomName,
    text,
    atMillis: 0,
    ...more
  }
})

/** The answer to a message that was delivered. */
export const accepted: Reply = {
  _tag: "Accepted",
  message: { number: 1, from: "ada" as UserName, protocol: ProtocolName.make("packet"), text: "hi", atMillis: 0 }
}

/** The texts of messages that came in. */
export const texts = (packets: ReadonlyArray<Response>): ReadonlyArray<string> =>
  packets.flatMap((it) => (it._tag === "IncomingMessage" ? [Buffer.from(it.blob).toString()] : []))

/** The codes of errors that came in. */
export const codes = (packets: ReadonlyArray<Response>): ReadonlyArray<number> =>
  packets.flatMap((it) => (it._tag === "Error" ? [it.code] : []))

/** The kinds of packets. */
export const tags = (packets: ReadonlyArray<{ readonly _tag: string }>): ReadonlyArray<string> =>
  packets.map(({ _tag }) => _tag)

/** A link of either kind. */
export const both = (): ReadonlyArray<RecordingLink> => [udp(1), tcp(1)]

/** Opens a session whose address is proven, and of which nothing is left to read. */
export const enter = (desk: Bench, link: RecordingLink) => {
  const { key, session } = desk.enter(link, "ada")
  desk.bring(link, { _tag: "SessionPreserve", session })
  link.frames()
  return { key, session }
}

/** Asks for a session in a datagram, and does nothing else; the numbers in its cookie and its greeting. */
export const ask = (desk: Bench, link: RecordingLink, name = "ada") => {
  desk.bring(link, { _tag: "SessionRequest", name })
  const [cookie, greeting] = link.sent()
  if (cookie?._tag !== "SessionCookie" || greeting?._tag !== "IncomingMessage") {
    throw new Error(`No cookie and greeting for ${name}`)
  }
  return { user: cookie.user, session: cookie.session, greeting: greeting.message }
}

/** What an exchange is made of, with a clock that stands. */
export const settings: PacketExchange.Settings = {
  nowMillis: () => 0,
  random: () => 1n,
  sessionTimeoutMillis: 30_000,
  transferTimeoutMillis: 30_000,
  queueLimitBytes: 1024,
  linkSessionLimit: 16,
  pendingLimit: 10_000
}
