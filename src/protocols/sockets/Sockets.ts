/**
 * The `sockets` protocol, for programs that speak it themselves by a WebSocket to `/socket.io/?EIO=4&transport=websocket`.
 *
 * @see PROTOCOL.md
 */
import { Option, Result, Schema, Stream } from "effect"
import { type Decoded, malformed } from "../Decoded.ts"
import * as Utf8 from "../Utf8.ts"
import * as SocketsMessage from "./SocketsMessage.ts"
import type { Request, Response } from "./SocketsMessage.ts"
import { encodedArgs } from "./SocketsPacket.ts"
import * as SocketsReader from "./SocketsReader.ts"

export type { Decoded, Malformed } from "../Decoded.ts"
export { Request, Response } from "./SocketsMessage.ts"
export { ClientEvent, ServerEvent } from "./SocketsPacket.ts"
export { make } from "./SocketsProtocol.ts"

/** The longest message, in bytes of UTF-8. */
export const defaultLimitBytes = 1_048_576

/** A message of a WebSocket, as a text or as its bytes. */
export type Message = string | Uint8Array

const isTooLong = (message: Message, limitBytes: number): boolean =>
  message.length > limitBytes || (typeof message === "string" && Buffer.byteLength(message) > limitBytes)

const unknown = malformed("Cannot read message: it is none of this direction.")

const decoder =
  <A>(decode: (parts: SocketsMessage.Parts, json: unknown) => Decoded<A>, limitBytes: number) =>
  (message: Message): Decoded<A> => {
    if (isTooLong(message, limitBytes)) {
      return malformed(`Cannot read message: it is longer than ${limitBytes} bytes.`)
    }
    const text = typeof message === "string" ? message : Utf8.decode(message)
    const parts = text === undefined ? undefined : SocketsMessage.parts(text)
    if (parts === undefined) return unknown
    const json = Result.try((): unknown => (parts.json === "" ? undefined : JSON.parse(parts.json)))
    return Result.isFailure(json) ? malformed("Cannot read message: it is not JSON.") : decode(parts, json.success)
  }

const decodeResponse = Schema.decodeUnknownOption(SocketsMessage.Response)
const events = SocketsReader.make()

const eventOf = (json: unknown): { readonly name: string; readonly args: ReadonlyArray<unknown> } | undefined => {
  if (!Array.isArray(json)) return undefined
  const [name, ...args] = json as ReadonlyArray<unknown>
  return typeof name === "string" ? { name, args } : undefined
}

const request = ({ ack, type }: SocketsMessage.Parts, json: unknown): Decoded<Request> => {
  switch (type) {
    case "3":
      return Result.succeed({ _tag: "Pong" })
    case "40":
      return Result.succeed({ _tag: "Connect" })
    case "41":
      return Result.succeed({ _tag: "Disconnect" })
    case "42": {
      const event = eventOf(json)
      const [received] = event === undefined ? [] : events.read({ _tag: "Event", ...event })
      if (received === undefined) return unknown
      if (received._tag !== "Event") {
        const why = received._tag === "Malformed" ? "its payload is of another shape" : "there is no such event"
        return malformed(`Cannot read event ${received.name.slice(0, 64)}: ${why}.`)
      }
      return Result.succeed({ _tag: "Event", event: received.event, ...(ack !== undefined && { ack }) })
    }
    default:
      return unknown
  }
}

const fieldsOf = (json: unknown): object => (typeof json === "object" && json !== null ? json : {})

const envelope = ({ ack, type }: SocketsMessage.Parts, json: unknown): unknown => {
  switch (type) {
    case "0":
      return { ...fieldsOf(json), _tag: "Open" }
    case "2":
      return { _tag: "Ping" }
    case "40":
      return { ...fieldsOf(json), _tag: "Connected" }
    case "41":
      return { _tag: "Disconnect" }
    case "42":
      return { _tag: "Event", event: eventOf(json) }
    case "43":
      return { _tag: "Answer", ack, answer: Array.isArray(json) && json.length === 1 ? json[0] : undefined }
    case "44":
      return { ...fieldsOf(json), _tag: "Refused" }
    default:
      return undefined
  }
}

const response = (parts: SocketsMessage.Parts, json: unknown): Decoded<Response> => {
  const decoded = decodeResponse(envelope(parts, json))
  return Option.isSome(decoded) ? Result.succeed(decoded.value) : unknown
}

/** What a client sends: each item is one message. One that is longer than `limitBytes` is malformed. */
export const requests = <E, R>(
  messages: Stream.Stream<Message, E, R>,
  limitBytes = defaultLimitBytes
): Stream.Stream<Decoded<Request>, E, R> => Stream.map(messages, decoder(request, limitBytes))

/** What a server sends, likewise. */
export const responses = <E, R>(
  messages: Stream.Stream<Message, E, R>,
  limitBytes = defaultLimitBytes
): Stream.Stream<Decoded<Response>, E, R> => Stream.map(messages, decoder(response, limitBytes))

const encoder = new TextEncoder()
const messageOf = (type: string, json: unknown, ack?: number): Uint8Array =>
  encoder.encode(`${type}${ack ?? ""}${json === undefined ? "" : JSON.stringify(json)}`)

/** The bytes of a request, which is to be one text message. */
export const encodeRequest = (message: Request): Uint8Array => {
  switch (message._tag) {
    case "Connect":
      return messageOf("40", undefined)
    case "Pong":
      return messageOf("3", undefined)
    case "Disconnect":
      return messageOf("41", undefined)
    case "Event":
      return messageOf("42", [message.event.name, ...encodedArgs(message.event)], message.ack)
  }
}

/** The bytes of a response, which is to be one text message. */
export const encodeResponse = (message: Response): Uint8Array => {
  switch (message._tag) {
    case "Open": {
      const { pingInterval, pingTimeout, sid } = message
      return messageOf("0", { sid, upgrades: [], pingInterval, pingTimeout })
    }
    case "Connected":
      return messageOf("40", { sid: message.sid })
    case "Event":
      return messageOf("42", [message.event.name, ...message.event.args])
    case "Answer":
      return messageOf("43", [message.answer], message.ack)
    case "Ping":
      return messageOf("2", undefined)
    case "Refused":
      return messageOf("44", { message: message.message })
    case "Disconnect":
      return messageOf("41", undefined)
  }
}
