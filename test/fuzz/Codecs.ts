/** What reads bytes that strangers send, and what must be true of it for any bytes. */
import { deepStrictEqual, ok, strictEqual } from "node:assert"
import { deflateSync, gzipSync } from "node:zlib"
import { Result } from "effect"
import * as ChatMasterReader from "../../src/protocols/chatmaster/ChatMasterReader.ts"
import * as PacketCodec from "../../src/protocols/packet/PacketCodec.ts"
import * as PacketReader from "../../src/protocols/packet/PacketReader.ts"
import type { Reader } from "../../src/protocols/Reader.ts"
import * as SocketsReader from "../../src/protocols/sockets/SocketsReader.ts"
import { defaultLimits } from "../../src/protocols/toss/SlipLimits.ts"
import * as SlipDocument from "../../src/protocols/toss/SlipDocument.ts"
import * as SlipWriter from "../../src/protocols/toss/SlipWriter.ts"
import * as TossResponses from "../../src/protocols/toss/TossResponses.ts"
import * as TsockmPeerReader from "../../src/protocols/tsockm/TsockmPeerReader.ts"
import * as Utf8 from "../../src/protocols/Utf8.ts"
import { LineBuffer } from "../../src/app/LineBuffer.ts"
import * as ChatMaster from "../protocols/chatmaster/Wire.ts"
import * as Packet from "../protocols/packet/Wire.ts"
import * as Toss from "../protocols/toss/Wire.ts"
import * as Tsockm from "../protocols/tsockm/Wire.ts"
import { type Random, pieces } from "./Mutation.ts"

export interface Codec {
  readonly name: string
  /** What it reads, from each of which inputs are made. */
  readonly samples: ReadonlyArray<Uint8Array>
  /** Reads an input and throws if something is not as it must be. Gives words for what came of it. */
  readonly check: (input: Uint8Array, random: Random) => ReadonlyArray<string>
  /** Words that must come of some input, so that the inputs are neither all good nor all bad. */
  readonly outcomes: ReadonlyArray<string>
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

/** However a stream is cut, the same comes of it, unless that depends on the reads. */
const streamed = <Packet extends { readonly _tag: string }>(
  read: (pieces: ReadonlyArray<Uint8Array>) => ReadonlyArray<Packet>,
  dependsOnReads: (packet: Packet) => boolean = () => false
): Codec["check"] => {
  return (input, random) => {
    // In the memory behind an input lies something else, as in what a socket reads.
    const whole = read([Buffer.concat([input, Buffer.from("\xff|;{\0")]).subarray(0, input.length)])
    const cut = read(pieces(random, input))
    if (![...whole, ...cut].some(dependsOnReads)) deepStrictEqual(cut, whole)
    return whole.map(({ _tag }) => _tag)
  }
}

const readAll = <Packet>(
  reader: Reader<Uint8Array, Packet>,
  reads: ReadonlyArray<Uint8Array>
): ReadonlyArray<Packet> => [...reads.flatMap((bytes) => reader.read(bytes)), ...(reader.finish?.() ?? [])]

const tossSamples = [
  ...Toss.captured.filter(({ isFromClient }) => isFromClient).map(({ bytes }) => bytes),
  utf8("action|l6|log-in;data|s18|username|l5|alice;;"),
  utf8("action|l12|send-message;data|s61|message|l8|see file;attachment|f14|line 1\nline 2\na>;b>>c.txt;;"),
  utf8(`{"action":"send-message","data":{"attachment":{"file":"aGVsbG8=","name":"a\\"}.txt"}}}`),
  utf8("a|n2|12;b|d10|2020-01-01;c|b1|1;d|z0|;e|a11|0|n1|1;1|s0|;;")
]

// What is malformed costs the rest of the read, and a foreign field belongs to what has come before it in the same read.
const isOfRead = (packet: { readonly _tag: string }): boolean =>
  packet._tag === "Failed" ||
  (packet._tag === "Refused" && JSON.stringify(packet).includes("This field is not supported"))

const chatMasterSamples = ChatMaster.originals.map(({ sent }) => utf8(sent))

// What comes before compressed data is noticed to be damaged depends on how much of it has come.
const checkChatMaster = streamed(
  (reads) => readAll(ChatMasterReader.make(), reads),
  ({ _tag }) => _tag === "Unreadable"
)

const socketEvents = [
  ["register", "ada"],
  ["message", { from: "ada", message: "hi" }],
  ["join", "room"],
  ["direct", { to: "bob", message: "hi", id: "1" }],
  ["users", { room: "general" }],
  ["history", { room: "general", limit: 10, before: 5 }],
  ["upload", { name: "a.txt", size: 10 }]
].map((event) => utf8(JSON.stringify(event)))

const parsed = (text: string): Result.Result<unknown, unknown> => Result.try(() => JSON.parse(text) as unknown)

/** All of them. */
export const codecs: ReadonlyArray<Codec> = [
  {
    name: "packet, requests in a stream",
    samples: Packet.requests.map(([hex]) => Packet.bytes(hex)),
    check: streamed((reads) => readAll(PacketReader.make(), reads)),
    outcomes: ["Malformed", "Lost", "SessionRequest", "UploadChunkRequest"]
  },
  {
    name: "packet, responses in a stream",
    samples: Packet.responses.map(([hex]) => Packet.bytes(hex)),
    check: streamed((reads) => readAll(PacketReader.makeResponses(), reads)),
    outcomes: ["Malformed", "Lost", "SessionCookie", "IncomingMessage"]
  },
  {
    name: "packet, datagrams",
    samples: Packet.requests.map(([hex]) => Packet.bytes(hex)),
    check: (input) => {
      const read = PacketCodec.readDatagram(input)
      if (Result.isFailure(read)) return ["Malformed"]
      deepStrictEqual(PacketCodec.writeRequest(read.success), new Uint8Array(input))
      return [read.success._tag]
    },
    outcomes: ["Malformed", "SessionRequest"]
  },
  {
    name: "toss, packets",
    samples: tossSamples,
    check: streamed(
      (reads) =>
        Toss.stream(reads).map((it) =>
          it._tag === "FilePiece" ? { _tag: it._tag, ordinal: it.ordinal, bytes: hex(it.bytes) } : it
        ),
      isOfRead
    ),
    outcomes: ["Request", "Refused", "Failed", "FileBegan"]
  },
  {
    name: "toss, Slip documents",
    samples: tossSamples,
    check: (input) => {
      const read = SlipDocument.read(input)
      if (Result.isFailure(read)) return ["Failed"]
      const written = SlipWriter.write(read.success.record)
      if (Result.isFailure(written)) return ["Unwritable"]
      const again = SlipDocument.read(written.success)
      deepStrictEqual(Result.isSuccess(again) && again.success.record, read.success.record)
      return ["Record"]
    },
    outcomes: ["Failed", "Record"]
  },
  {
    name: "toss, responses",
    samples: Toss.captured.filter(({ isFromClient }) => !isFromClient).map(({ bytes }) => bytes),
    check: streamed(
      (reads) => readAll(TossResponses.make(defaultLimits), reads),
      // What was not announced and cannot be read costs the rest of the read.
      (response) => response._tag === "Failure"
    ),
    outcomes: ["Success", "Failure"]
  },
  {
    name: "tsockm, packets to a peer",
    samples: Tsockm.captured.filter(({ isFromClient }) => !isFromClient).map(({ text }) => utf8(text)),
    check: streamed((reads) =>
      readAll(TsockmPeerReader.make(), reads).map((it) => ({
        _tag: it === undefined ? "TooLong" : "Packet",
        it: it && hex(it)
      }))
    ),
    outcomes: ["Packet"]
  },
  {
    name: "tsockm, packets",
    samples: Tsockm.captured.filter(({ isFromClient }) => isFromClient).map(({ text }) => utf8(text)),
    check: streamed((reads) => Tsockm.stream(reads)),
    outcomes: ["Request", "Refused"]
  },
  {
    name: "chatmaster, packages",
    samples: chatMasterSamples,
    check: checkChatMaster,
    outcomes: ["Unreadable", "Misshapen", "Message", "Command"]
  },
  {
    name: "chatmaster, compressed packages",
    samples: chatMasterSamples
      .flatMap((bytes) => [deflateSync(bytes), gzipSync(bytes)])
      .map((it) => new Uint8Array(it)),
    check: checkChatMaster,
    outcomes: ["Unreadable", "Message", "Command"]
  },
  {
    name: "sockets, events",
    samples: socketEvents,
    check: (input) => {
      const event = parsed(Buffer.from(input).toString())
      if (Result.isFailure(event) || !Array.isArray(event.success)) return ["NoEvent"]
      const [name, ...args] = event.success as ReadonlyArray<unknown>
      const [received] = SocketsReader.make().read({ _tag: "Event", name: String(name), args })
      return [received!._tag]
    },
    outcomes: ["NoEvent", "UnknownEvent", "Malformed", "Event"]
  },
  {
    name: "UTF-8",
    samples: ["ascii", "Grüße", "世界", "👩‍👩‍👧 🎉", "\ufeffa\ufffdb", "x".repeat(40)].map(utf8),
    check: (input) => {
      const oracle = Result.try(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(input))
      const text = Utf8.decode(input)
      strictEqual(text, Result.isSuccess(oracle) ? oracle.success : undefined)
      return [text === undefined ? "NoText" : "Text"]
    },
    outcomes: ["NoText", "Text"]
  },
  {
    name: "lines of the console",
    samples: ["users\n", "kick ada\r\n", "say Grüße 世界 🎉\n", "\n\n", "x".repeat(200)].map(utf8),
    check: (input, random) => {
      const limit = 100
      const lines = (reads: ReadonlyArray<Uint8Array>) => {
        const buffer = new LineBuffer(limit)
        return [...reads.flatMap((bytes) => buffer.push(bytes)), ...buffer.end()]
      }
      const whole = lines([input])
      deepStrictEqual(lines(pieces(random, input)), whole)
      return whole.map((line) => {
        ok(line.length <= limit + 1)
        return line.length > limit ? "TooLong" : "Line"
      })
    },
    outcomes: ["Line", "TooLong"]
  }
]
