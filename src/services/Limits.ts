import { Context } from "effect"
import { general, type RoomName } from "../domain/Names.ts"

/** What the chat allows. A reference: whoever does not set it gets the defaults. */
export interface Limits {
  /** The rooms that are always there; `general` is the first. */
  readonly defaultRooms: ReadonlyArray<RoomName>
  /** The longest text, in bytes of UTF-8. */
  readonly textLimitBytes: number
  readonly roomLimit: number
  readonly sessionLimit: number
  /** Messages a user may send per second in the long run; 0 = as many as come. */
  readonly floodRate: number
  /** Messages a user may send at once. */
  readonly floodBurst: number
  /** The largest file. */
  readonly fileLimitBytes: number
  /** All files together; beyond it the oldest go. */
  readonly filesLimitBytes: number
  /** Files that a user may be sending at a time. */
  readonly uploadLimit: number
  /** Files that a user may be fetching at a time. */
  readonly downloadLimit: number
  /** How long a file that was begun may be neither sent nor fetched. */
  readonly transferTimeoutMillis: number
  /** Connections at a time from one IPv4 address or IPv6 /64; loopback is exempt. */
  readonly connectionsPerAddress: number
  /** New connections within `newConnectionsWindowMillis` from one IPv4 address or IPv6 /64; loopback is exempt. */
  readonly newConnectionsPerAddress: number
  readonly newConnectionsWindowMillis: number
  /** Messages that are remembered per room. */
  readonly historyLimit: number
  /** Messages that are remembered in all, where they are in a database. */
  readonly historyTotalLimit: number
  /** Text of messages that is remembered in all, in bytes of UTF-8, where it is in a database. */
  readonly historyLimitBytes: number
  /** How long a message is remembered there; 0 = as long as there is room. */
  readonly historyMillis: number
  /** How long a file is kept; 0 = as long as there is room. */
  readonly fileMillis: number
  /** Text that is remembered of all rooms together where it is in memory, in UTF-16 units. */
  readonly historyLimitUnits: number
}

/** What is allowed if nothing is said. */
export const defaults: Limits = {
  defaultRooms: [general, "python" as RoomName],
  textLimitBytes: 16_384,
  roomLimit: 10_000,
  sessionLimit: 10_000,
  floodRate: 2,
  floodBurst: 5,
  fileLimitBytes: 100 * 1024 * 1024,
  filesLimitBytes: 10 * 1024 * 1024 * 1024,
  uploadLimit: 4,
  downloadLimit: 16,
  transferTimeoutMillis: 30_000,
  connectionsPerAddress: 16,
  newConnectionsPerAddress: 32,
  newConnectionsWindowMillis: 600_000,
  historyLimit: 10_000,
  historyTotalLimit: 1_000_000,
  historyLimitBytes: 1024 * 1024 * 1024,
  historyMillis: 0,
  fileMillis: 0,
  historyLimitUnits: 32 * 1024 * 1024
}

export const Limits: Context.Reference<Limits> = Context.Reference<Limits>("parlance/services/Limits", {
  defaultValue: () => defaults
})
