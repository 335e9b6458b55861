/** The five protocols as those speak them who embed them: what is encoded, and what is decoded of it. */
import { Result, Schema, Stream, type Effect } from "effect"
import { ChatMaster, Packet, Sockets, Toss, Tsockm, type Decoded } from "../../src/mod.ts"
import * as TsockmText from "../../src/protocols/tsockm/TsockmText.ts"

/** One direction of a protocol. */
export interface Dialect<Value> {
  readonly name: string
  readonly schema: Schema.Codec<Value, unknown>
  /** Each way to write a value. */
  readonly encoders: ReadonlyArray<(value: Value) => Uint8Array>
  readonly decode: (bytes: Stream.Stream<Uint8Array>) => Stream.Stream<Decoded<Value>>
  /** Whether the wire can say a value as it is. */
  readonly canSay: (value: Value) => boolean
  /** Whether a packet ends by itself, so that another one can come right behind it. */
  readonly ends: (value: Value) => boolean
  /** Whether each item of the stream is a packet. */
  readonly isOfMessages?: boolean
}

/** The packets in reads, when nothing more comes. */
export const decodeAll = <Value>(
  { decode }: Pick<Dialect<Value>, "decode">,
  reads: Iterable<Uint8Array>
): Effect.Effect<ReadonlyArray<Decoded<Value>>> => Stream.runCollect(decode(Stream.fromIterable(reads)))

const always = (): boolean => true

// JSON and Slip have no negative zero.
const hasNegativeZero = (value: unknown): boolean =>
  Object.is(value, -0) ||
  (typeof value === "object" && value !== null && Object.values(value).some((inner) => hasNegativeZero(inner)))
const isPlain = (value: unknown): boolean => !hasNegativeZero(value)

const isWellFormed = (value: unknown): boolean =>
  typeof value === "string"
    ? value.isWellFormed()
    : typeof value !== "object" || value === null || Object.entries(value).flat().every(isWellFormed)

// Nor has a text of TsockM line ends at its end, or what begins a packet of the same sender.
const isPlainText = (text: string): boolean => text.isWellFormed() && !/[\r\n]$|::200::/.test(text)
const isWord = (text: string): boolean => text !== "" && TsockmText.name(text) === text && text.isWellFormed()

const canAsk = (request: Tsockm.Request): boolean => {
  if (request._tag === "Connect") return isPlainText(request.name)
  if (!isWord(request.peer)) return false
  if (request._tag === "Say") return isPlainText(request.text)
  return request._tag !== "LookUp" || isWord(request.target)
}

const canTell = (response: Tsockm.Response): boolean => {
  switch (response._tag) {
    case "Welcome":
      return isWord(response.id) && isWord(response.name) && isWord(response.signature)
    case "Peer":
      return isWord(response.name) && isWord(response.signature)
    case "Said":
      return isWord(response.sender) && response.sender !== "server" && response.text.isWellFormed()
    case "Gone":
      return isWord(response.peer)
    case "Failure":
      return response.text.isWellFormed()
    default:
      return true
  }
}

const canNumber = (value: Packet.Request): boolean => {
  switch (value._tag) {
    case "DownloadRequest":
      return (value.file & 0xffff_0000n) === 0n
    case "UploadRequest":
      return value.name !== ""
    case "DownloadChunkRequest":
      return value.transaction % 2n === 0n
    case "UploadChunkRequest":
      return value.transaction % 2n === 1n
    default:
      return true
  }
}

const containers = [0, 1, 2] as const

const dialect = <Value>(it: Dialect<Value>): Dialect<Value> => it

const withDateless = (response: Toss.Response): boolean =>
  isPlain(response) && isWellFormed(response) && !("action" in response && typeof response.action === "object")

/** Calls `test` with each direction of each protocol. */
export const each = (test: <Value>(dialect: Dialect<Value>) => void): void => {
  test(
    dialect<ChatMaster.Request>({
      name: "chatmaster, requests",
      schema: ChatMaster.Request,
      encoders: containers.map((container) => (value) => ChatMaster.encodeRequest(value, container)),
      decode: (bytes) => ChatMaster.requests(bytes),
      canSay: isPlain,
      ends: always
    })
  )
  test(
    dialect<ChatMaster.Response>({
      name: "chatmaster, responses",
      schema: ChatMaster.Response,
      encoders: containers.map((container) => (value) => ChatMaster.encodeResponse(value, container)),
      decode: (bytes) => ChatMaster.responses(bytes),
      canSay: isPlain,
      ends: always
    })
  )
  test(
    dialect<Packet.Request>({
      name: "packet, requests",
      schema: Schema.toType(Packet.Request),
      encoders: [Packet.encodeRequest],
      decode: (bytes) => Packet.requests(bytes),
      canSay: canNumber,
      ends: always
    })
  )
  test(
    dialect<Packet.Response>({
      name: "packet, responses",
      schema: Schema.toType(Packet.Response),
      encoders: [Packet.encodeResponse],
      decode: (bytes) => Packet.responses(bytes),
      canSay: (value) =>
        (value._tag !== "DownloadChunkResponse" || value.transaction % 2n === 0n) &&
        (value._tag !== "UploadChunkResponse" || value.transaction % 2n === 1n),
      ends: always
    })
  )
  test(
    dialect<Toss.Request>({
      name: "toss, requests",
      schema: Schema.toType(Toss.Request),
      encoders: [(value) => Toss.encodeRequest(value), (value) => Toss.encodeRequest(value, "json")],
      decode: (bytes) => Toss.requests(bytes),
      // Nobody says nothing.
      canSay: (value) =>
        isWellFormed(value) && (value._tag === "LogIn" || Boolean(value.message) || value.attachment !== undefined),
      ends: always
    })
  )
  test(
    dialect<Toss.Response>({
      name: "toss, responses",
      schema: Schema.toType(Toss.Response),
      encoders: [(value) => Toss.encodeResponse(value), (value) => Toss.encodeResponse(value, "json")],
      decode: (bytes) => Toss.responses(bytes),
      canSay: withDateless,
      ends: always
    })
  )
  const generations = [7, 8] as const
  test(
    dialect<Tsockm.Request>({
      name: "tsockm, requests",
      schema: Tsockm.Request,
      encoders: generations.map((generation) => (value) => Tsockm.encodeRequest(value, generation)),
      decode: (bytes) => Tsockm.requests(bytes),
      canSay: canAsk,
      // Only the same sender's next packet ends one.
      ends: () => false
    })
  )
  test(
    dialect<Tsockm.Response>({
      name: "tsockm, responses",
      schema: Tsockm.Response,
      encoders: generations.map((generation) => (value) => Tsockm.encodeResponse(value, generation)),
      decode: (bytes) => Tsockm.responses(bytes),
      canSay: canTell,
      ends: ({ _tag }) => _tag !== "Said" && _tag !== "Failure"
    })
  )
  test(
    dialect<Sockets.Request>({
      name: "sockets, requests",
      schema: Sockets.Request,
      encoders: [Sockets.encodeRequest],
      decode: (bytes) => Sockets.requests(bytes),
      canSay: isPlain,
      ends: always,
      isOfMessages: true
    })
  )
  test(
    dialect<Sockets.Response>({
      name: "sockets, responses",
      schema: Sockets.Response,
      encoders: [Sockets.encodeResponse],
      decode: (bytes) => Sockets.responses(bytes),
      canSay: isPlain,
      ends: always,
      isOfMessages: true
    })
  )
}

/** The packets of what came, and the word for what was none. */
export const valuesOf = <Value>(decoded: ReadonlyArray<Decoded<Value>>): ReadonlyArray<Value | string> =>
  decoded.map((it) => (Result.isSuccess(it) ? it.success : it.failure._tag))
