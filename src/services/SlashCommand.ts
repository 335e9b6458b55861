/**
 * Commands in the text of a message, for protocols that have no verb for what they do.
 *
 * Which texts are commands {@link SlashWords} says.
 */
import { describe, type Message } from "../domain/Message.ts"
import { plainText } from "../domain/PlainText.ts"
import type { RoomSummary, UserSummary } from "../domain/Room.ts"
import * as SlashWords from "../domain/SlashWords.ts"
import { type Word, words } from "../domain/SlashWords.ts"

const usages: Record<Word, readonly [usage: string, meaning: string]> = {
  join: ["/join room", "enter a room, making it if there is none"],
  leave: ["/leave", "leave the room"],
  rooms: ["/rooms", "list the rooms"],
  who: ["/who", "list who is in the room"],
  msg: ["/msg name text", "say something to one user alone"],
  me: ["/me text", "say what you do"],
  files: ["/files", "list the files shared in the room"],
  invite: ["/invite name", "let somebody into this private room"],
  history: ["/history [number]", "show what was said last"],
  help: ["/help", "show this list"]
}

/** How a command is used. */
export const usage = (word: Word): string => usages[word][0]

/** Whether that is a word of the chat's own. */
export const isWord = (name: string): name is Word => (words as ReadonlyArray<string>).includes(name)

/** What a text asks for. */
export type SlashCommand =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Misused"; readonly usage: string }
  | { readonly _tag: "Join"; readonly room: string }
  | { readonly _tag: "Leave" }
  | { readonly _tag: "Rooms" }
  | { readonly _tag: "Who" }
  /** `rest` is a name and a text. Where the name ends only somebody can tell who knows all names. */
  | { readonly _tag: "Msg"; readonly rest: string }
  | { readonly _tag: "Me"; readonly text: string }
  | { readonly _tag: "Files" }
  | { readonly _tag: "Invite"; readonly name: string }
  | { readonly _tag: "History"; readonly limit: number }
  | { readonly _tag: "Help" }

/** How what is nearly a command is answered. */
const misused = (usage: string, said?: string): SlashCommand => ({
  _tag: "Misused",
  usage: said === undefined ? usage : `${usage} - or /${said} to say that`
})

/** What a command of the chat asks for. */
const asked = (word: Word, rest: string): SlashCommand => {
  const wrong = misused(usages[word][0])
  switch (word) {
    case "join":
      return rest === "" ? wrong : { _tag: "Join", room: rest }
    case "invite":
      return rest === "" ? wrong : { _tag: "Invite", name: rest }
    case "msg":
      return rest === "" ? wrong : { _tag: "Msg", rest }
    case "history":
      if (rest === "") return { _tag: "History", limit: 20 }
      return /^[1-9]\d{0,2}$/.test(rest) ? { _tag: "History", limit: Math.min(100, Number(rest)) } : wrong
    case "me":
      return rest === "" ? wrong : { _tag: "Me", text: rest }
    case "leave":
      return { _tag: "Leave" }
    case "rooms":
      return { _tag: "Rooms" }
    case "who":
      return { _tag: "Who" }
    case "files":
      return { _tag: "Files" }
    case "help":
      return { _tag: "Help" }
  }
}

/** A command that is not the chat's own. */
export interface Own {
  readonly _tag: "Own"
  readonly name: string
  readonly argument: string
}

/** Reads a text as a command, or as the text it is; `own` has the names of commands besides the chat's. */
export const parse = (text: string, own: ReadonlyArray<string> = []): SlashCommand | Own => {
  const read = SlashWords.read<string>(text, own.length === 0 ? words : [...words, ...own])
  if (read._tag === "Text") return read
  const { word } = read
  if (read._tag === "NearMiss") {
    const said = /^\/\S*/.exec(text)?.[0] ?? ""
    return misused(isWord(word) ? usages[word][0] : `/${word}`, said)
  }
  return isWord(word) ? asked(word, read.rest) : { _tag: "Own", name: word, argument: read.rest }
}

/**
 * Splits `name text` where the longest name ends that `isName` knows; a name may be in double quotes. The text is empty
 * if there is none.
 */
export const splitAddressee = (
  rest: string,
  isName: (name: string) => boolean
): { readonly name: string; readonly text: string } => {
  const quoted = /^"([^"]+)"(?:\s+([^]+))?$/.exec(rest)
  if (quoted !== null) return { name: quoted[1]!, text: quoted[2] ?? "" }
  const gap = /\s+/g
  let best: { readonly name: string; readonly text: string } | undefined
  // No name is longer than 64 characters of at most two units each.
  for (let found = gap.exec(rest); found !== null && found.index <= 128; found = gap.exec(rest)) {
    const split = { name: rest.slice(0, found.index), text: rest.slice(gap.lastIndex) }
    if (best === undefined || isName(split.name)) best = split
  }
  return best !== undefined && (isName(best.name) || !isName(rest)) ? best : { name: rest, text: "" }
}

/** Indents all lines but the first, so that none can pass for another entry. */
const indented = (text: string): string => text.replace(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/g, "\n  ")

/** Lines of the answer to `/help`. */
export const helpOf = (usages: ReadonlyArray<readonly [usage: string, meaning: string]>): string =>
  usages.map(([usage, meaning]) => `${usage} - ${indented(plainText(meaning))}`).join("\n")

// A longer answer would be the only one that some client could not take.
const answerLimitUnits = 16_000

/** As many lines as fit into one answer, and how many are left out. */
const bounded = (lines: ReadonlyArray<string>): string => {
  let units = 0
  const fitting = lines.findIndex((line) => (units += line.length + 1) > answerLimitUnits)
  if (fitting <= 0) return lines.join("\n")
  return [...lines.slice(0, fitting), `... and ${lines.length - fitting} more`].join("\n")
}

/** The answer to `/help`. */
export const help: string = helpOf(words.map((word) => usages[word]))

const cut = (line: string): string =>
  line.length < answerLimitUnits ? line : `${line.slice(0, answerLimitUnits - 2).toWellFormed()}…`

/** What somebody else answers, as far as it fits into one answer. */
export const answerOf = (text: string): string => bounded(plainText(text.toWellFormed()).split("\n").map(cut))

const stamp = (atMillis: number): string => new Date(atMillis).toISOString().slice(0, 16).replace("T", " ")

const roomLine = ({ isMember, isPrivate, memberCount, name }: RoomSummary): string =>
  `${name} (${memberCount})${isPrivate ? ", private" : ""}${isMember ? " *" : ""}`

/** The answer to `/rooms`. */
export const roomList = (rooms: ReadonlyArray<RoomSummary>): string => bounded(["Rooms:", ...rooms.map(roomLine)])

/** The answer to `/who`. */
export const userList = (room: string, users: ReadonlyArray<UserSummary>): string =>
  bounded([`In ${room}:`, ...users.map((user) => `${user.name} (${user.protocol})`)])

/** The answer to `/history`, with times in UTC: the last messages that fit into one answer, one at least. */
export const messageList = (messages: ReadonlyArray<Message>): string => {
  const lines: Array<string> = []
  let units = 0
  for (const { atMillis, attachment, from, text } of messages.toReversed()) {
    const parts = [text, attachment === undefined ? "" : describe(attachment)].filter((part) => part !== "")
    const line = `${stamp(atMillis)} ${from}: ${indented(parts.join(" "))}`
    units += line.length
    if (units > answerLimitUnits && lines.length > 0) break
    lines.push(line)
  }
  return lines.length === 0 ? "Nothing has been said here." : lines.toReversed().join("\n")
}

/** The answer to `/files`. */
export const fileList = (messages: ReadonlyArray<Message>): string => {
  const lines = messages.flatMap(({ attachment, from }) =>
    attachment === undefined ? [] : [indented(describe(attachment, from))]
  )
  return lines.length === 0 ? "No files have been shared here." : bounded(lines)
}
