/** The packages of ChatMaster 3000 in both directions, as Schemas for those who speak the protocol themselves. */
import { Schema } from "effect"

const { Literal, Record, String, Struct, optionalKey } = Schema
const Strings = Schema.Array(String)
const Channels = { channels: Strings }
const Presence = { username: String, channel: String, current_users: Strings }
const Renaming = { old_username: String, new_username: String }

/** A package from a client: a message to its current channel, or a command and its parameters (PROTOCOL.md § 4). */
export const Request = Schema.Union([
  Struct({ type: Literal("message"), data: Struct({ message: String }) }),
  Struct({
    type: Literal("command"),
    data: Struct({
      command: String,
      parameters: optionalKey(Schema.Union([String, Record(String, Schema.Json)]))
    })
  })
])
export type Request = typeof Request.Type

const notification = <const Type extends string, Fields extends Schema.Struct.Fields>(type: Type, fields: Fields) =>
  Struct({
    type: Literal("notification"),
    data: Struct({ event_type: Literal(type), ...fields, parameters: Struct(fields) })
  })

/** A package from a server; what a notification says is in it twice (PROTOCOL.md § 6). */
export const Response = Schema.Union([
  Struct({ type: Literal("request"), data: Struct({ request: Literal("login") }) }),
  Struct({ type: Literal("session"), data: Struct({ status: Literal(true), channels: Strings }) }),
  Struct({
    type: Literal("session"),
    data: Struct({ status: Literal(false), reason: String, code: optionalKey(String) })
  }),
  Struct({
    type: Literal("message"),
    data: Struct({ message: String, username: String, private: optionalKey(Literal(true)) })
  }),
  notification("channel_list", Channels),
  notification("user_joined", Presence),
  notification("user_left", Presence),
  notification("user_rename", Renaming),
  Struct({
    type: Literal("error"),
    data: Struct({ error_type: String, message: String, code: optionalKey(String) })
  })
])
export type Response = typeof Response.Type
