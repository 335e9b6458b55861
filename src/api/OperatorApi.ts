import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { ProtocolName } from "../domain/Message.ts"
import { RoomName, UserName } from "../domain/Names.ts"
import { OperatorAccess } from "./Access.ts"
import { NoConsole, NoSuchBan, NoSuchPeer, NotAnAddress } from "./ApiError.ts"

/** A user, as the operator sees it. */
export const Peer = Schema.Struct({
  id: Schema.Int,
  name: UserName,
  protocol: ProtocolName,
  address: Schema.String,
  room: RoomName,
  sinceMillis: Schema.Int,
  queuedBytes: Schema.Int
})
export type Peer = typeof Peer.Type

/** A room, as the operator sees it: private ones too. */
export const OperatorRoom = Schema.Struct({
  name: RoomName,
  isPrivate: Schema.Boolean,
  members: Schema.Array(UserName)
})
export type OperatorRoom = typeof OperatorRoom.Type

/** An address that may not connect; without an end it may not until the server ends. */
export const Ban = Schema.Struct({ address: Schema.String, untilMillis: Schema.optionalKey(Schema.Int) })
export type Ban = typeof Ban.Type

/** Whose connections were ended. */
export const Killed = Schema.Struct({ killed: Schema.Array(UserName) })

/** A command that was refused. The name is empty where there was none. */
export const Refusal = Schema.Struct({
  atMillis: Schema.Int,
  protocol: ProtocolName,
  name: Schema.String,
  address: Schema.String,
  code: Schema.String
})
export type Refusal = typeof Refusal.Type

/**
 * The state of the server at a time. `messages`, `deliveries` and `rejections` are counts since the start. The lag is how
 * late the event loop was during the last second.
 */
export const Stats = Schema.Struct({
  atMillis: Schema.Int,
  uptimeMillis: Schema.Int,
  connections: Schema.Int,
  sessions: Schema.Record(Schema.String, Schema.Int),
  messages: Schema.Int,
  deliveries: Schema.Int,
  rejections: Schema.Int,
  queuedBytes: Schema.Int,
  lagMillis: Schema.Struct({ p50: Schema.Finite, p99: Schema.Finite }),
  memoryBytes: Schema.Int
})
export type Stats = typeof Stats.Type

/** A line of the console, and what it answered; `isCleared` if it was to clear the screen. */
export const CommandAnswer = Schema.Struct({ answer: Schema.String, isCleared: Schema.Boolean })

const minutes = Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 99_999_999 })))

/** What the operator sees and does. */
export class OperatorApi extends HttpApiGroup.make("operator")
  .add(
    HttpApiEndpoint.get("peers", "/operator/peers", { success: Schema.Array(Peer) }).annotate(
      OpenApi.Summary,
      "All users of all protocols"
    ),
    HttpApiEndpoint.post("kick", "/operator/peers/:peer/kick", {
      params: { peer: Schema.String },
      success: Killed,
      error: NoSuchPeer
    }).annotate(OpenApi.Summary, "Ends the connection of a user, by id or name"),
    HttpApiEndpoint.get("rooms", "/operator/rooms", { success: Schema.Array(OperatorRoom) }).annotate(
      OpenApi.Summary,
      "All rooms, private ones too"
    ),
    HttpApiEndpoint.get("bans", "/operator/bans", { success: Schema.Array(Ban) }).annotate(OpenApi.Summary, "All bans"),
    HttpApiEndpoint.post("ban", "/operator/bans", {
      payload: Schema.Struct({ address: Schema.String, minutes }),
      success: Schema.Struct({ ban: Ban, ...Killed.fields }),
      error: NotAnAddress
    }).annotate(OpenApi.Summary, "Bans an address (of IPv6 its /64) and ends its connections"),
    HttpApiEndpoint.delete("unban", "/operator/bans/:address", {
      params: { address: Schema.String },
      success: HttpApiSchema.NoContent,
      error: NoSuchBan
    }).annotate(OpenApi.Summary, "Lifts a ban"),
    HttpApiEndpoint.post("say", "/operator/say", {
      payload: Schema.Struct({ text: Schema.NonEmptyString.check(Schema.isMaxLength(4096)) }),
      success: Schema.Struct({ told: Schema.Int })
    }).annotate(OpenApi.Summary, "Says something to everybody, as the server"),
    HttpApiEndpoint.get("stats", "/operator/stats", { success: Stats }).annotate(
      OpenApi.Summary,
      "The state of the server"
    ),
    HttpApiEndpoint.get("statsEvents", "/operator/stats/events", {
      success: HttpApiSchema.StreamSse({ data: Stats })
    }).annotate(OpenApi.Summary, "The state of the server: that of the last five minutes, then every second"),
    HttpApiEndpoint.get("refusals", "/operator/refusals", { success: Schema.Array(Refusal) }).annotate(
      OpenApi.Summary,
      "The last 200 refusals, newest first"
    ),
    HttpApiEndpoint.post("command", "/operator/command", {
      payload: Schema.Struct({ line: Schema.String.check(Schema.isMaxLength(8192)) }),
      success: CommandAnswer,
      error: NoConsole
    }).annotate(OpenApi.Summary, "Carries out a line of the operator's console")
  )
  .middleware(OperatorAccess)
  .annotate(OpenApi.Description, "What the operator sees and does") {}
