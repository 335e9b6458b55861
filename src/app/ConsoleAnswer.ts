/** What the console answers, in words. Names and texts of others are made printable here. */
import { DateTime } from "effect"
import type { ProtocolName } from "../domain/Message.ts"
import type { UserName } from "../domain/Names.ts"
import type { Info, OperatorError, Peer, Ping, RoomDetail } from "../services/Operator.ts"
import type { Ban } from "../services/Quota.ts"
import type { Address } from "./Address.ts"
import { type ConsoleMistake, lineLimitBytes, summaries } from "./ConsoleCommand.ts"
import type { Verbosity } from "./Logging.ts"
import { printable, table } from "./Printable.ts"

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`

const time = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis)).replace(/\.\d+Z$/, "Z")

const byProtocol = (counts: ReadonlyMap<ProtocolName, number>): string =>
  [...counts].map(([protocol, number]) => `${protocol} ${number}`).join(", ")

const names = (list: ReadonlyArray<UserName>): string => {
  const shown = list.slice(0, 20).map(printable).join(", ")
  return list.length > 20 ? `${shown} and ${list.length - 20} more` : shown
}

export const help: string = [
  "Commands:",
  ...table(summaries)
    .split("\n")
    .map((line) => `  ${line}`)
].join("\n")

/** A row per peer. */
export const list = (peers: ReadonlyArray<Peer>): string => {
  if (peers.length === 0) return "Peer list: []"
  const rows = peers.map(({ address, id, name, protocol, queuedBytes, room, sinceMillis }) => [
    String(id),
    printable(name),
    protocol,
    printable(address),
    printable(room),
    time(sinceMillis),
    String(queuedBytes)
  ])
  const head = ["ID", "NAME", "PROTOCOL", "ADDRESS", "ROOM", "SINCE", "QUEUED"]
  return `Peer list (${peers.length}):\n${table([head, ...rows], new Set([0, 6]))}`
}

/** A row per room. */
export const rooms = (list: ReadonlyArray<RoomDetail>): string => {
  const rows = list.map(({ isPrivate, members, name }) => [
    printable(name),
    isPrivate ? "private" : "public",
    String(members.length),
    names(members)
  ])
  return `Room list (${list.length}):\n${table([["ROOM", "ACCESS", "PEERS", "MEMBERS"], ...rows], new Set([2]))}`
}

/** What the program knows of itself. */
export interface Program {
  readonly version: string
  readonly addresses: ReadonlyArray<Address>
  readonly verbosity: Verbosity
}

export const info = ({ peers, uptimeMillis }: Info, { addresses, verbosity, version }: Program): string => {
  const total = [...peers.values()].reduce((sum, number) => sum + number, 0)
  return table([
    ["version:", version],
    ["uptime:", `${Math.floor(uptimeMillis / 1000)} s`],
    ["peers:", total === 0 ? "0" : `${total} (${byProtocol(peers)})`],
    ["log:", verbosity],
    ...addresses.map(({ protocol, url }) => ["listening:", `${protocol} ${url}`])
  ])
}

export const killed = (list: ReadonlyArray<UserName>): string =>
  list.length === 0 ? "Nobody was killed: there are no peers." : `Killed ${count(list.length, "peer")}: ${names(list)}`

export const pinged = ({ asked, unable }: Ping): string => {
  const able = `Asked ${count(asked, "peer")} for a sign of life.`
  return unable.size === 0 ? able : `${able} These protocols have no such question: ${byProtocol(unable)}.`
}

export const said = (told: number): string => `Said it to ${count(told, "peer")}.`

const until = ({ untilMillis }: Ban): string =>
  untilMillis === Infinity ? "until it is lifted or the server ends" : `until ${time(untilMillis)}`

export const banned = (ban: Ban, killed: ReadonlyArray<UserName>): string =>
  `Banned ${ban.address} ${until(ban)}.${killed.length === 0 ? "" : ` Killed ${count(killed.length, "peer")}: ${names(killed)}`}`

export const unbanned = (address: string): string => `${printable(address)} is not banned any more.`

export const bans = (list: ReadonlyArray<Ban>): string =>
  list.length === 0
    ? "Ban list: []"
    : `Ban list (${list.length}):\n${table(list.map((ban) => [ban.address, until(ban)]))}`

export const muted = "Muted the server"
export const unmuted = (verbosity: Verbosity): string =>
  verbosity === "silent" ? muted : `Unmuted the server: ${verbosity}`

export const exiting = "Exiting server ..."

const quote = (text: string): string => {
  const shown = printable(text)
  return `"${shown.length > 100 ? `${shown.slice(0, 100)}…` : shown}"`
}

/** Why a line was no command, and how it is written. */
export const mistake = (mistake: ConsoleMistake): string => {
  switch (mistake._tag) {
    case "LineTooLong":
      return `Error: the line is longer than ${lineLimitBytes} bytes.`
    case "UnknownCommand":
      return `Error: unknown command ${quote(mistake.line)}; :help lists all commands.`
    case "ArgumentMissing":
      return `Error: missing argument of ${mistake.word}.\nUsage: ${mistake.usage}`
    case "ArgumentWrong":
      return `Error: wrong argument of ${mistake.word}: ${quote(mistake.argument)}.\nUsage: ${mistake.usage}`
  }
}

/** Why a command could not be carried out. */
export const refused = (error: OperatorError): string => {
  switch (error._tag) {
    case "PeerUnknown":
      return `Error: no peer has the id or name ${quote(error.peer)}; :list lists all peers.`
    case "AddressInvalid":
      return `Error: ${quote(error.address)} is no IP address.`
    case "NotBanned":
      return `Error: ${quote(error.address)} is not banned; :bans lists all bans.`
  }
}
