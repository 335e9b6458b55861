/**
 * One connection of `sockets`: what its client sends into steps, what is told to it alone into Socket.IO events.
 *
 * - Junk never becomes a step that reaches the chat: it is answered by an `error` event, and the connection stays.
 * - Every `register` is answered by exactly one boolean, in the order in which they came.
 * - A refusal is always told by an `error` event; who asked for an acknowledgement gets it besides.
 */
import type { Command } from "../../domain/Command.ts"
import { explain as explainHangup, Hangup, type HangupReason } from "../../domain/Hangup.ts"
import * as Credential from "../../domain/Credential.ts"
import { codeOf, explain, type RefusedByPolicy } from "../../domain/Rejection.ts"
import type { Conversation } from "../Protocol.ts"
import type { Step } from "../Step.ts"
import { OutgoingAck, type SocketIoPacket } from "../SocketIoPacket.ts"
import { type Answer, answered, type ClientEvent, type Received, type Refusal } from "./SocketsPacket.ts"
import { answer, frame, personal, welcome } from "./SocketsRender.ts"

type Steps = ReadonlyArray<Step<SocketIoPacket>>
type Registering = Extract<ClientEvent, { readonly name: "register" }>
type Request = Exclude<ClientEvent, { readonly name: "register" }>
type Registration = { readonly ack: number | undefined }

const send = (packet: SocketIoPacket): Step<SocketIoPacket> => ({ _tag: "Send", frame: packet })

const fault: Step<SocketIoPacket> = { _tag: "Fault" }

const acknowledge = (id: number, answer: Answer): SocketIoPacket => new OutgoingAck(id, [answer])

const registered = ({ ack }: Registration, isSuccess: boolean): SocketIoPacket =>
  ack === undefined ? frame({ name: "register", args: [isSuccess] }) : new OutgoingAck(ack, [isSuccess])

const complaint = (refusal: Refusal, event: string): SocketIoPacket =>
  frame({ name: "error", args: [{ ...refusal, event }] })

const refusal = (rejection: Parameters<typeof explain>[0]): Refusal => ({
  code: codeOf(rejection),
  message: explain(rejection)
})

const junk: Record<"Malformed" | "UnknownEvent", Refusal> = {
  Malformed: { code: "Malformed", message: "The event does not carry what it should." },
  UnknownEvent: { code: "UnknownEvent", message: "There is no such event." }
}

// An event's name is the peer's own text, and comes back to it: as much of it as any name we know has.
const limitNameCharacters = 64

const refused = (event: string, ack: number | undefined, refusal: Refusal): Steps => {
  const steps = [send(complaint(refusal, event.slice(0, limitNameCharacters)))]
  return ack === undefined ? steps : [send(acknowledge(ack, { ok: false, error: refusal })), ...steps]
}

const hasAnswer = (name: Request["name"]): name is (typeof answered)[number] =>
  (answered as ReadonlyArray<string>).includes(name)

const replied = (name: Request["name"], ack: number | undefined, answer: Answer): Steps => {
  if (ack !== undefined) return [send(acknowledge(ack, answer))]
  return hasAnswer(name) ? [send(frame({ name, args: [answer] }))] : []
}

const inRoom = (room: string | undefined): { readonly room?: string } => (room === undefined ? {} : { room })

const besides = ({ file, id }: { readonly file?: string; readonly id?: string }) => ({
  ...(file === undefined ? {} : { file }),
  ...(id === undefined ? {} : { id })
})

const idOf = (event: Request): string | undefined =>
  event.name === "message" || event.name === "direct" ? event.args[0].id : undefined

// A client that gives its messages ids finds them in the answers.
const identified = (event: Request, answer: Answer): Answer => {
  const id = idOf(event)
  return id === undefined || !answer.ok ? answer : { ...answer, id }
}

const command = (event: Request): Command => {
  switch (event.name) {
    case "message": {
      const [payload] = event.args
      return { _tag: "Say", text: payload.message, ...inRoom(payload.room), ...besides(payload) }
    }
    case "direct": {
      const [payload] = event.args
      return { _tag: "Tell", to: payload.to, text: payload.message, ...besides(payload) }
    }
    case "join": {
      const [room] = event.args
      return { _tag: "JoinRoom", room: typeof room === "string" ? room : room.room, stay: true }
    }
    case "leave": {
      const [room] = event.args
      return { _tag: "LeaveRoom", ...inRoom(typeof room === "string" ? room : room?.room) }
    }
    case "rooms":
      return { _tag: "ListRooms" }
    case "users":
      return { _tag: "ListUsers", ...event.args[0] }
    case "history":
      return { _tag: "ReadHistory", ...event.args[0] }
    case "rename": {
      const [{ name, password }] = event.args
      return { _tag: "Rename", name, ...Credential.given(password) }
    }
    case "private": {
      const [{ private: isPrivate, room }] = event.args
      return { _tag: "SetPrivate", isPrivate, ...inRoom(room) }
    }
    case "invite": {
      const [{ name, room }] = event.args
      return { _tag: "Invite", name, ...inRoom(room) }
    }
    case "upload": {
      const [{ name, size }] = event.args
      return { _tag: "OpenUpload", name, sizeBytes: size }
    }
  }
}

// A client that may do better next time is left to come back by itself: a page that connects when it is opened, and waits
// for its user to choose a name, would otherwise be dead after the login time-out.
const farewell = (reason: HangupReason, rejection?: RefusedByPolicy): ReadonlyArray<SocketIoPacket> => {
  if (reason === "stopping") return []
  const why = rejection === undefined ? { code: reason, message: explainHangup(reason) } : refusal(rejection)
  const error = frame({ name: "error", args: [why] })
  return new Hangup({ reason }).retry ? [error] : [error, { _tag: "Disconnect" }]
}

/** Begins a conversation with a client that has just connected. */
export const make = (): Conversation<Received, SocketIoPacket> => {
  // Registrations that wait for their boolean, oldest first.
  const registrations: Array<Registration> = []

  const register = ([given]: Registering["args"], ack: number | undefined): Steps => {
    const { name, password } = typeof given === "string" ? { name: given, password: undefined } : given
    const registration: Registration = { ack }
    registrations.push(registration)
    return [
      {
        _tag: "Login",
        name,
        ...Credential.given(password),
        refused: (rejection) => {
          registrations.splice(registrations.indexOf(registration), 1)
          return [send(registered(registration, false)), send(complaint(refusal(rejection), "register"))]
        }
      }
    ]
  }

  const receive = (packet: Received): Steps => {
    const { ack } = packet
    if (packet._tag !== "Event") {
      const { name } = packet
      const reason = junk[packet._tag]
      if (name !== "register") return [fault, ...refused(name, ack, reason)]
      return [fault, send(registered({ ack }, false)), send(complaint(reason, "register"))]
    }
    const { event } = packet
    if (event.name === "register") return register(event.args, ack)
    return [
      {
        _tag: "Run",
        command: command(event),
        whenStored: ack !== undefined,
        replied: (reply) => replied(event.name, ack, identified(event, answer(reply))),
        refused: (rejection) => refused(event.name, ack, refusal(rejection))
      }
    ]
  }

  return {
    open: () => [],
    receive,
    present: (event) => {
      if (event._tag !== "LoggedIn") return personal(event)
      const registration = registrations.shift()
      return [registered(registration ?? { ack: undefined }, true), welcome(event)]
    },
    variant: 0,
    isPaced: false,
    isExempt: false,
    farewell
  }
}
