import * as ChatMasterProtocol from "../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import * as PacketCodec from "../../src/protocols/packet/PacketCodec.ts"
import * as PacketProtocol from "../../src/protocols/packet/PacketProtocol.ts"
import type { ByteFrame } from "../../src/protocols/Protocol.ts"
import type { SocketIoPacket } from "../../src/protocols/SocketIoPacket.ts"
import * as SocketsProtocol from "../../src/protocols/sockets/SocketsProtocol.ts"
import * as TossProtocol from "../../src/protocols/toss/TossProtocol.ts"
import type { SubjectOf } from "../../src/testing/Subject.ts"
import { response } from "../protocols/packet/Links.ts"
import { bytes, utf8 as textBytes } from "../protocols/packet/Wire.ts"
import * as Toss from "../protocols/toss/Client.ts"

const utf8 = new TextEncoder()
const json = (value: unknown): Uint8Array => utf8.encode(JSON.stringify(value))

interface Package {
  readonly type: string
  readonly data: { readonly status?: boolean; readonly username?: string; readonly message?: string }
}
const read = (frame: Uint8Array): Package => JSON.parse(new TextDecoder().decode(frame)) as Package

export const chatmaster: SubjectOf<ReturnType<typeof ChatMasterProtocol.make>> = {
  make: () => ChatMasterProtocol.make({ gapMillis: 0 }),
  login: (username) => [json({ type: "command", data: { command: "login", parameters: { username } } })],
  say: (message) => json({ type: "message", data: { message } }),
  heard: (frame) => {
    const { data, type } = read(frame)
    return type === "message" ? { from: data.username!, text: data.message! } : undefined
  },
  isWelcome: (frame) => read(frame).data.status === true,
  isRefusal: (frame) => read(frame).data.status === false || read(frame).type === "error",
  junk: [
    "nonsense",
    "[]",
    "null",
    "{}",
    `{"type":"message"}`,
    `{"type":"command","data":[]}`,
    `{"type":`.repeat(100)
  ].map((text) => utf8.encode(text))
}

const event = (name: string, ...args: ReadonlyArray<unknown>): SocketIoPacket => ({ _tag: "Event", name, args })

export const sockets: SubjectOf<ReturnType<typeof SocketsProtocol.make>> = {
  make: () => SocketsProtocol.make(),
  login: (name) => [event("register", name)],
  say: (message) => event("message", { from: "somebody else", message }),
  heard: (frame) => {
    const payload = frame._tag === "Event" && frame.name === "message" ? frame.args[0] : undefined
    const { from, message } = (payload ?? {}) as { readonly from?: string; readonly message?: string }
    return from === undefined ? undefined : { from, text: message! }
  },
  isWelcome: (frame) => frame._tag === "Event" && frame.name === "register" && frame.args[0] === true,
  isRefusal: (frame) =>
    frame._tag === "Event" && (frame.name === "error" || (frame.name === "register" && frame.args[0] === false)),
  junk: [
    event("message"),
    event("message", null),
    event("message", 1),
    event("message", { message: { deep: [] } }),
    event("message", JSON.parse(`{"__proto__":{"message":"x"}}`)),
    event("register", { name: "x" }),
    event("no such event"),
    event("__proto__", 1)
  ]
}

/** The responses in one frame: a message, its announcement, or both. */
const responses = (frame: ByteFrame): ReadonlyArray<Toss.Response> => {
  if (!(frame instanceof Uint8Array)) return []
  const reader = Toss.reader()
  const read = reader.push(frame)
  return reader.rest().length > 0 ? [Toss.read(frame)] : read
}
const some = (frame: ByteFrame, is: (response: Toss.Response) => boolean) => responses(frame).find(is)

export const toss: SubjectOf<ReturnType<typeof TossProtocol.make>> = {
  make: () => TossProtocol.make({ gapMillis: 0, nowMillis: () => 0 }),
  login: (name) => [Toss.announced(Toss.logIn(name))],
  say: (text) => Toss.announced(Toss.message(text)),
  heard: (frame) => {
    const data = some(frame, ({ action, status }) => action === "send-message" && status === 100)?.data
    return data === undefined ? undefined : { from: data.username!, text: data.message! }
  },
  isWelcome: (frame) =>
    some(frame, ({ action, data, status }) => action === "log-in" && status === 100 && data?.username === undefined) !==
    undefined,
  isRefusal: (frame) => some(frame, ({ status }) => status >= 200) !== undefined,
  confirms: true,
  junk: [
    "a|q1|x;",
    "action|l6|dance;;data|s0|;",
    "action|n1|5;data|s0|;",
    "action|l6|log-in;data|s0|;",
    "action|l12|send-message;data|s13|message|n1|1;;",
    "action|l12|send-message;data|s14|message|l1|x;;;",
    "action|l6|chunks;data|s12|chunks|n1|0;;",
    "{}{}}",
    `{"action":"log-in","data":{"username":1}}`
  ].map((text) => utf8.encode(text))
}

/** Users by their numbers: in the suite these log in first, second and third, if they say anything. */
const packetUsers = ["Server", "alice", "bob", "Visitor"]

const counting = () => {
  let last = 0n
  return () => ++last
}

export const packet: SubjectOf<ReturnType<typeof PacketProtocol.make>> = {
  make: () => PacketProtocol.make({ nowMillis: () => 0, random: counting() }),
  login: (name) => [PacketCodec.writeRequest({ _tag: "SessionRequest", name })],
  say: (text, welcome) => {
    const cookie = welcome === undefined ? undefined : response(welcome)
    const session = cookie?._tag === "SessionCookie" ? cookie.session : 0n
    return PacketCodec.writeRequest({ _tag: "BroadcastRequest", session, message: 1n, blob: textBytes(text) })
  },
  saysByWelcome: true,
  heard: (frame) => {
    const packet = response(frame)
    if (packet._tag !== "IncomingMessage") return undefined
    return { from: packetUsers[Number(packet.user)]!, text: Buffer.from(packet.blob).toString() }
  },
  isWelcome: (frame) => response(frame)._tag === "SessionCookie",
  isRefusal: (frame) => response(frame)._tag === "Error",
  junk: [
    "0000",
    "0017",
    // What only the server sends.
    "0002 0000000000000001 0000000000000001",
    "ffff ffffffff",
    // Names that are not UTF-8.
    "0001 0001 ff",
    "0001 0003 edA080",
    "000f 0000000000000001 00000003 0001 ff",
    // Numbers that nobody has.
    "0004 ffffffffffffffff",
    "000b ffffffffffffffff 0000000000000001 0002 6869",
    "0011 fffffffffffffffe 00000000",
    "0011 ffffffffffffffff 00000000 0001 00",
    "000f ffffffffffffffff 0000000000000001"
  ].map(bytes)
}

export { tsockm } from "../protocols/tsockm/Subject.ts"
