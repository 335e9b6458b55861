/** A ChatMaster client and what it says, for the tests of its conversation. */
import { assert } from "@effect/vitest"
import type { Reply } from "../../../src/domain/Command.ts"
import { ProtocolName } from "../../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../../src/domain/Names.ts"
import type { Rejection } from "../../../src/domain/Rejection.ts"
import type { RoomSummary, UserSummary } from "../../../src/domain/Room.ts"
import * as ChatMasterProtocol from "../../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import type { Step } from "../../../src/protocols/Step.ts"
import { bytes, plainly } from "./Wire.ts"

/** The protocol as it is by default. */
export const protocol = ChatMasterProtocol.make()

/** Begins a conversation with a ChatMaster client, and to read what that sends. */
export const begin = (from = protocol) => ({ conversation: from.converse(), reader: from.reader() })
/** A conversation with a ChatMaster client. */
export type Talk = ReturnType<typeof begin>

/** The steps of one read, with their functions. */
export const take = ({ conversation, reader }: Talk, text: string | Uint8Array): ReadonlyArray<Step<Uint8Array>> =>
  reader.read(typeof text === "string" ? bytes(text) : text).flatMap((packet) => conversation.receive(packet))
/** The steps of one read. */
export const receive = (talk: Talk, text: string | Uint8Array, container = 0) =>
  take(talk, text).map((step) => plainly(step, container))

/** A package as the original spaces it. */
export const spaced = (type: string, data: string) => `{"type": "${type}", "data": ${data}}`
/** A command of the original. */
export const command = (name: string, parameters = "null") =>
  spaced("command", `{"command": "${name}", "parameters": ${parameters}}`)
/** A message of the original. */
export const message = (text: string) => spaced("message", `{"message": ${JSON.stringify(text)}}`)
/** An error package as a step. */
export const error = (error_type: string, text: string) => ({
  send: { type: "error", data: { error_type, message: text } }
})

/** The step that goes before the answer to what is at fault. */
export const fault = { _tag: "Fault" } as const

/** The one step that a text leads to. */
export const only = (talk: Talk, text: string): Step<Uint8Array> => {
  const steps = take(talk, text)
  assert.strictEqual(steps.length, 1)
  return steps[0]!
}
/** What follows when a command is answered. */
export const reply = (step: Step<Uint8Array>, answer: Reply) => (step._tag === "Run" ? step.replied(answer) : [])
/** What follows when a login or a command is refused. */
export const refuse = (step: Step<Uint8Array>, rejection: Rejection) =>
  step._tag === "Run" || step._tag === "Login" ? step.refused(rejection) : []
/** Steps without their functions. */
export const plain = (steps: ReadonlyArray<Step<Uint8Array>>) => steps.map((step) => plainly(step))

/** The user at this end. */
export const bob: UserSummary = { number: 2, name: "bob" as UserName, protocol: ProtocolName.make("chatmaster") }
/** Another user. */
export const alice: UserSummary = { number: 1, name: "alice" as UserName, protocol: ProtocolName.make("toss") }
/** The room in which everybody is. */
export const general = "general" as RoomName
/** Another room. */
export const room1 = "room1" as RoomName
/** Two public rooms, and a private one between them. */
export const rooms: ReadonlyArray<RoomSummary> = [general, "secret" as RoomName, room1].map((name, index) => ({
  name,
  isPrivate: index === 1,
  isMember: true,
  memberCount: 1
}))
/** The public ones of {@link rooms}, as a step. */
export const channelList = {
  send: {
    type: "notification",
    data: { event_type: "channel_list", channels: [general, room1], parameters: { channels: [general, room1] } }
  }
}

/** A conversation with {@link bob}, who has logged in. */
export const loggedIn = (): Talk => {
  const talk = begin()
  talk.conversation.open()
  talk.conversation.present({ _tag: "LoggedIn", user: bob, rooms })
  return talk
}
