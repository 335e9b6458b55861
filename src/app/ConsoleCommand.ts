/**
 * The language of the operator's console.
 *
 * A line is a word that must match exactly, and what goes with it without the blanks around it. Both the older and the
 * newer names of the original console's commands are known.
 */
import { Result } from "effect"
import type { Target } from "../services/Operator.ts"
import type { Verbosity } from "./Logging.ts"

/** The longest line, in bytes. */
export const lineLimitBytes = 8192

export type ConsoleCommand =
  | { readonly _tag: "Help" | "List" | "Rooms" | "Info" | "Bans" | "CleanPool" | "Clear" | "Mute" | "Exit" }
  | { readonly _tag: "Kill"; readonly target: Target }
  | { readonly _tag: "Ping"; readonly target: Target }
  | { readonly _tag: "Say"; readonly text: string }
  | { readonly _tag: "Ban"; readonly address: string; readonly minutes: number | undefined }
  | { readonly _tag: "Unban"; readonly address: string }
  | { readonly _tag: "Unmute"; readonly verbosity: Verbosity | undefined }

/** Why a line is no command. `usage` is how its command is written. */
export type ConsoleMistake =
  | { readonly _tag: "LineTooLong" }
  | { readonly _tag: "UnknownCommand"; readonly line: string }
  | { readonly _tag: "ArgumentMissing"; readonly word: string; readonly usage: string }
  | { readonly _tag: "ArgumentWrong"; readonly word: string; readonly argument: string; readonly usage: string }

interface Entry {
  readonly words: ReadonlyArray<string>
  /** What goes with it, as the help shows it; empty if nothing does. */
  readonly argument: string
  readonly about: string
  /** The command, or undefined if the argument is wrong. It is never empty unless it may be. */
  readonly read: (argument: string) => ConsoleCommand | undefined
  readonly isOptional?: boolean
}

const plain = (
  _tag: "Help" | "List" | "Rooms" | "Info" | "Bans" | "CleanPool" | "Clear" | "Mute" | "Exit",
  words: ReadonlyArray<string>,
  about: string
): Entry => ({ words, argument: "", about, read: () => ({ _tag }) })

const target = (text: string): Target => (text === "all" ? { _tag: "All" } : { _tag: "One", peer: text })

const verbosities = new Map<string, Verbosity>([
  ["dev", "dev"],
  ["d", "dev"],
  ["tiny", "tiny"],
  ["t", "tiny"],
  ["compact", "tiny"],
  ["c", "tiny"],
  ["silent", "silent"],
  ["s", "silent"]
])

const ban = (argument: string): ConsoleCommand | undefined => {
  const [address = "", minutes, ...rest] = argument.split(/\s+/)
  if (rest.length > 0 || (minutes !== undefined && !/^[1-9]\d{0,7}$/.test(minutes))) return undefined
  return { _tag: "Ban", address, minutes: minutes === undefined ? undefined : Number(minutes) }
}

const entries: ReadonlyArray<Entry> = [
  plain("List", [":list", ":ls"], "lists all peers"),
  plain("Rooms", [":rooms"], "lists all rooms with their members"),
  plain("Info", [":info"], "shows version, uptime, peers, addresses and log level"),
  {
    words: [":kill"],
    argument: "<id>|<name>|all",
    about: "ends the connection of a peer, or of all",
    read: (text) => ({ _tag: "Kill", target: target(text) })
  },
  {
    words: [":ping"],
    argument: "<id>|<name>|all",
    about: "asks a peer, or all, for a sign of life",
    read: (text) => ({ _tag: "Ping", target: target(text) })
  },
  plain("CleanPool", [":clean-pool"], "has all peers checked, so that dead ones go"),
  {
    words: [":say"],
    argument: "<text>",
    about: "says something to everybody, as the server",
    read: (text) => ({ _tag: "Say", text })
  },
  {
    words: [":ban"],
    argument: "<address> [<minutes>]",
    about: "lets nobody of an address connect, and kills who is there",
    read: ban
  },
  {
    words: [":unban"],
    argument: "<address>",
    about: "lifts a ban",
    read: (address) => (/\s/.test(address) ? undefined : { _tag: "Unban", address })
  },
  plain("Bans", [":bans"], "lists all bans"),
  plain("Mute", [":mute"], "silences the log"),
  {
    words: [":unmute"],
    argument: "[dev|tiny|silent]",
    about: "shows the log again; tiny (or compact) is a line per packet",
    isOptional: true,
    read: (text) => {
      const verbosity = verbosities.get(text.toLowerCase())
      return verbosity === undefined && text !== "" ? undefined : { _tag: "Unmute", verbosity }
    }
  },
  plain("Clear", [":cc", ":c"], "clears the screen"),
  plain("Help", [":help"], "shows this help"),
  plain("Exit", [":exit"], "stops the server")
]

const byWord = new Map(entries.flatMap((entry) => entry.words.map((word) => [word, entry] as const)))

const usage = (word: string, { argument }: Entry): string => (argument === "" ? word : `${word} ${argument}`)

/** All commands: how each is written, and what it does. */
export const summaries: ReadonlyArray<readonly [usage: string, about: string]> = entries.map((entry) => [
  entry.words.map((word) => usage(word, entry)).join(", "),
  entry.about
])

/** Reads a line; a blank one is nothing. */
export const parse = (line: string): Result.Result<ConsoleCommand | undefined, ConsoleMistake> => {
  if (Buffer.byteLength(line) > lineLimitBytes) return Result.fail({ _tag: "LineTooLong" })
  const trimmed = line.trim()
  if (trimmed === "") return Result.succeed(undefined)
  const word = /^\S+/.exec(trimmed)![0]
  const argument = trimmed.slice(word.length).trim()
  const entry = byWord.get(word)
  if (entry === undefined) return Result.fail({ _tag: "UnknownCommand", line: trimmed })
  if (argument === "" && entry.argument !== "" && entry.isOptional !== true) {
    return Result.fail({ _tag: "ArgumentMissing", word, usage: usage(word, entry) })
  }
  const isUnwanted = entry.argument === "" && argument !== ""
  const command = isUnwanted ? undefined : entry.read(argument)
  return command === undefined
    ? Result.fail({ _tag: "ArgumentWrong", word, argument, usage: usage(word, entry) })
    : Result.succeed(command)
}
