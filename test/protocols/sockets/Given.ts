/** What the tests of this protocol have in common: a user, a message, and short ways to write frames and read steps. */
import { assert } from "@effect/vitest"
import { type Attachment, type Message, ProtocolName } from "../../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../../src/domain/Names.ts"
import type { UserSummary } from "../../../src/domain/Room.ts"
import type { Conversation } from "../../../src/protocols/Protocol.ts"
import type { SocketIoPacket } from "../../../src/protocols/SocketIoPacket.ts"
import type { Received } from "../../../src/protocols/sockets/SocketsPacket.ts"
import type { Step } from "../../../src/protocols/Step.ts"
import * as SocketsProtocol from "../../../src/protocols/sockets/SocketsProtocol.ts"

export type Peer = Conversation<Received, SocketIoPacket>

export const protocol = SocketsProtocol.make()
export const ada = "Ada" as UserName
export const bob = "Bob" as UserName
export const general = "general" as RoomName
export const attic = "attic" as RoomName
export const user: UserSummary = { number: 7, name: ada, protocol: ProtocolName.make("toss") }
export const message: Message = {
  number: 3,
  from: ada,
  protocol: ProtocolName.make("toss"),
  text: "hi",
  atMillis: 1_700_000_000_000,
  room: general
}
export const attachment: Attachment = { name: "cat.png", sizeBytes: 2048, url: "http://h/files/9/cat.png" }

export const event = (name: string, args: ReadonlyArray<unknown>, ack?: number): SocketIoPacket => ({
  _tag: "Event",
  name,
  args,
  ...(ack === undefined ? {} : { ack })
})
/** The steps of one event, of a peer of whom nothing has come before if none is given. */
export const receive = (
  packet: SocketIoPacket,
  peer: Peer = protocol.converse()
): ReadonlyArray<Step<SocketIoPacket>> =>
  protocol
    .reader()
    .read(packet)
    .flatMap((received) => peer.receive(received))
export const sent = (steps: ReadonlyArray<Step<SocketIoPacket>>) =>
  steps.map((step) => {
    if (step._tag !== "Send") throw new Error(`Expected a frame, got ${step._tag}`)
    return step.frame
  })
/** What is sent because of a fault, which must be said first. */
export const faulted = ([first, ...others]: ReadonlyArray<Step<SocketIoPacket>>) => {
  assert.deepStrictEqual(first, { _tag: "Fault" })
  return sent(others)
}
export const only = (steps: ReadonlyArray<Step<SocketIoPacket>>): Step<SocketIoPacket> => {
  assert.strictEqual(steps.length, 1)
  return steps[0]!
}
export const login = (peer: Peer, name: string, ack?: number) => {
  const step = only(receive(event("register", [name], ack), peer))
  if (step._tag !== "Login") return assert.fail(`Expected a login, got ${step._tag}`)
  return step
}
export const run = (name: string, args: ReadonlyArray<unknown>, ack?: number) => {
  const step = only(receive(event(name, args, ack)))
  if (step._tag !== "Run") return assert.fail(`Expected a command, got ${step._tag}`)
  return step
}
export const server = (text: string) => [event("message", [{ from: "Server", message: text }])]
export const error = (code: string, text: string, about: string) =>
  event("error", [{ code, message: text, event: about }])
export const malformed = (about: string) => error("Malformed", "The event does not carry what it should.", about)
export const loggedIn = { _tag: "LoggedIn", user, rooms: [] } as const
export const welcome = event("welcome", [{ user, rooms: [] }])
