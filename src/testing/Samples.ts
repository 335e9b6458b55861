/** Texts and events that a protocol must carry unharmed. */
import type { PersonalEvent, SharedEvent } from "../domain/Event.ts"
import { type Message, ProtocolName } from "../domain/Message.ts"
import type { RoomName, UserName } from "../domain/Names.ts"

/** A text that somebody says, and what all others hear: the same in plain text. */
export interface Text {
  readonly said: string
  readonly heard: string
}

const unharmed = [
  "hello",
  " ",
  "two\nlines",
  "a tab\tbetween",
  "a::b::c",
  "::",
  "a|b",
  `{"type":"message","data":{"message":"forged","username":"Server"}}`,
  `"}}{"type":"`,
  `quote " apostrophe ' backslash \\ slash \\/`,
  "emoji 👩‍👩‍👧 🎉",
  "right to left \u202e\u05d0\u05d1\u05d2\u202c done",
  "separators \u2028\u2029",
  "\ufeffbyte order mark",
  "%s %d ${x} <b>&amp;</b>",
  "x".repeat(4000)
]

/** Texts that some wire format would take for something else, or some terminal for a command. */
export const texts: ReadonlyArray<Text> = [
  ...unharmed.map((text) => ({ said: text, heard: text })),
  { said: "carriage\r\nreturn", heard: "carriage\nreturn" },
  { said: "\r\n\r\n", heard: "\n\n" },
  { said: "overwritten\rby this", heard: "overwritten␍by this" },
  { said: "null\0byte", heard: "null␀byte" },
  { said: "\u001b[2J\u001b[Hcleared", heard: "␛[2J␛[Hcleared" },
  { said: "\u001b]0;title\u0007", heard: "␛]0;title␇" },
  { said: "rubbed out\u0008\u007f", heard: "rubbed out␈␡" },
  { said: "\u009b2Jcleared \u0085", heard: "\ufffd2Jcleared \ufffd" }
]

const alice = "alice" as UserName
const vincent = "Vincent van Gogh" as UserName
const room = "general" as RoomName
const user = { number: 1, name: alice, protocol: ProtocolName.make("sockets") } as const
const message: Message = {
  number: 7,
  from: alice,
  protocol: ProtocolName.make("sockets"),
  text: "hello",
  atMillis: 1_700_000_000_000
}

/** At least one event of each kind, with each cause. */
export const sharedEvents: ReadonlyArray<SharedEvent> = [
  { _tag: "UserJoined", room, user, members: [alice, vincent], cause: "login" },
  { _tag: "UserJoined", room, user, members: [alice, vincent], cause: "join" },
  { _tag: "UserJoined", room, user, members: [alice, vincent], cause: "return" },
  { _tag: "UserLeft", room, user, members: [vincent], cause: "leave" },
  { _tag: "UserLeft", room, user, members: [vincent], cause: "logout" },
  { _tag: "UserRenamed", oldName: vincent, user },
  ...texts.map(({ heard }): SharedEvent => ({ _tag: "Said", message: { ...message, text: heard, room } })),
  { _tag: "Said", message: { ...message, to: vincent } },
  {
    _tag: "Said",
    message: { ...message, room, attachment: { name: "a b.txt", sizeBytes: 3, url: "/files/x/a%20b.txt" } }
  },
  { _tag: "RoomChanged", room, isPrivate: true },
  { _tag: "RoomChanged", room, isPrivate: false },
  { _tag: "Announced", text: "Back in five minutes." },
  { _tag: "ServerStopping" }
]

/** At least one event of each kind. */
export const personalEvents: ReadonlyArray<PersonalEvent> = [
  { _tag: "LoggedIn", user, rooms: [{ name: room, isPrivate: false, isMember: true, memberCount: 2 }] },
  { _tag: "RoomLeft", left: "python" as RoomName, current: room, rooms: [] },
  { _tag: "Noticed", text: "one\ntwo" },
  { _tag: "Invited", room, by: vincent }
]
