/** What the tests put on the wire of ChatMaster and take from it. */
import { gunzipSync, inflateSync } from "node:zlib"
import type { Step } from "../../../src/protocols/Step.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

/** The bytes of a text. */
export const bytes = (text: string): Uint8Array => encoder.encode(text)

/** Parts one after another, without anything between. */
export const glue = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(parts))

/** The package in a frame of the given container. */
export const unpack = (frame: Uint8Array, container = 0): unknown => {
  const json = container === 1 ? inflateSync(frame) : container === 2 ? gunzipSync(frame) : frame
  return JSON.parse(decoder.decode(json))
}

/** A step without its functions, its frame unpacked. */
export const plainly = (step: Step<Uint8Array>, container = 0): unknown => {
  switch (step._tag) {
    case "Send":
      return { send: unpack(step.frame, container) }
    case "Run":
      return { run: step.command }
    case "Login":
      return { login: step.name }
    case "Hangup":
      return { hangup: step.reason }
    default:
      return step
  }
}

/** Bytes of the original client, as it runs on Python 3 (`type` first) and on Python 2 (`data` first). */
export const originals: ReadonlyArray<{ readonly sent: string; readonly steps: ReadonlyArray<unknown> }> = [
  {
    sent: `{"type": "command", "data": {"command": "login", "parameters": {"username": "alice"}}}`,
    steps: [{ login: "alice" }]
  },
  {
    sent: `{"data": {"parameters": {"username": "alice"}, "command": "login"}, "type": "command"}`,
    steps: [{ login: "alice" }]
  },
  {
    sent: `{"type": "message", "data": {"message": "lobby hello"}}`,
    steps: [{ run: { _tag: "Say", text: "lobby hello" } }]
  },
  {
    sent: `{"data": {"message": "hi \\u00e5\\u00e4\\u00f6 \\u20ac \\"q\\""}, "type": "message"}`,
    steps: [{ run: { _tag: "Say", text: `hi åäö € "q"` } }]
  },
  {
    sent: `{"type": "command", "data": {"command": "channel_list", "parameters": null}}`,
    steps: [{ run: { _tag: "ListRooms" } }]
  },
  {
    sent: `{"type": "command", "data": {"command": "join", "parameters": {"channel": "room1"}}}`,
    steps: [{ run: { _tag: "JoinRoom", room: "room1" } }]
  },
  {
    sent: `{"type": "command", "data": {"command": "rename", "parameters": {"username": "alicia"}}}`,
    steps: [{ run: { _tag: "Rename", name: "alicia" } }]
  },
  {
    sent: `{"type": "command", "data": {"command": "private", "parameters": null}}`,
    steps: [{ run: { _tag: "SetPrivate", isPrivate: true } }]
  },
  {
    sent: `{"type": "command", "data": {"command": "public", "parameters": null}}`,
    steps: [{ run: { _tag: "SetPrivate", isPrivate: false } }]
  },
  {
    sent: `{"type": "command", "data": {"command": "leave", "parameters": null}}`,
    steps: [{ run: { _tag: "LeaveRoom" } }]
  },
  {
    sent: `{"type": "message", "data": {"message": "one"}}{"type": "message", "data": {"message": "two"}}{"type": "message", "data": {"message": "three"}}`,
    steps: ["one", "two", "three"].map((text) => ({ run: { _tag: "Say", text } }))
  }
]
