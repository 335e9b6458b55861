/**
 * The packages of ChatMaster 3000.
 *
 * - What clients send is decoded by {@link ClientPackage}, and {@link Received} is what comes of it.
 * - What the server sends are literals. Notifications say everything twice, beside `event_type` and under
 *   `parameters`, because clients of different ages look in different places.
 */
import { type Redacted, Schema } from "effect"
import type { Container, Written } from "./Compression.ts"

const { Literal, Record, String, Struct, Unknown, optionalKey } = Schema

/** What a client may send, in JSON; the original writes the type in small letters, as it stands here. */
export const ClientPackage = Schema.Union([
  Struct({ type: Literal("message"), data: Struct({ message: String, username: optionalKey(Unknown) }) }),
  Struct({
    type: Literal("command"),
    data: Struct({ command: String, parameters: optionalKey(Unknown), parameter: optionalKey(Unknown) })
  })
])
export type ClientPackage = typeof ClientPackage.Type

/** The argument of a command: an object of named ones, or the only one by itself. */
export const Parameters = Schema.Union([String, Record(String, Unknown)])
export type Parameters = typeof Parameters.Type

/** Something is said. */
export interface Message extends Written {
  readonly _tag: "Message"
  readonly text: string
  /** Whether the sender names itself, which nobody believes. */
  readonly hasUsername: boolean
}

/** Something is asked for. */
export interface Command extends Written {
  readonly _tag: "Command"
  readonly command: string
  /** Without the `password`. */
  readonly parameters: Parameters
  /** The `password` among the parameters, if there is one; `wrong` if it is none. */
  readonly credential?: Redacted.Redacted | "wrong"
  /** Whether the key `parameters` was there, with whatever value. */
  readonly hasParameters: boolean
}

/** JSON of another shape, which is an error and no more. */
export interface Misshapen extends Written {
  readonly _tag: "Misshapen"
  readonly detail: string
}

/** Something that cannot be read, and with it all that would come behind it. */
export interface Unreadable {
  readonly _tag: "Unreadable"
  readonly reason: "malformed" | "too-large"
  readonly detail: string
  /** The container of the package, if that came as far as to be none of JSON. */
  readonly container: Container | undefined
}

/** A package that came. */
export type Received = Message | Command | Misshapen | Unreadable

/** The argument called `key`, if it is a string. */
export const argument = (parameters: Parameters, key: "username" | "channel"): string | undefined => {
  const value = typeof parameters === "string" ? parameters : parameters[key]
  return typeof value === "string" ? value : undefined
}

/** Whether a login says that its client reads a stream of packages, and needs no gaps. */
export const readsStream = (parameters: Parameters): boolean =>
  typeof parameters !== "string" && parameters["stream"] === true

/** The channels that there are. */
export interface ChannelList {
  readonly channels: ReadonlyArray<string>
}

/** Who has come or gone, where, and who is there now. */
export interface Presence {
  readonly username: string
  readonly channel: string
  readonly current_users: ReadonlyArray<string>
}

/** Who has another name. */
export interface Renaming {
  readonly old_username: string
  readonly new_username: string
}

/** News, written twice: in `parameters` as the text has it, and beside it as the program does. */
export type Notification<Type extends string, Attributes> = {
  readonly type: "notification"
  readonly data: { readonly event_type: Type; readonly parameters: Attributes } & Attributes
}

/** What the policy of the server calls its refusal, if it is that which refuses. */
export interface Coded {
  readonly code?: string
}

const coded = (code: string | undefined): Coded => (code === undefined ? {} : { code })

/** What the server sends. */
export type ServerPackage =
  | { readonly type: "request"; readonly data: { readonly request: "login" } }
  | {
      readonly type: "session"
      readonly data:
        | { readonly status: true; readonly channels: ReadonlyArray<string> }
        | ({ readonly status: false; readonly reason: string } & Coded)
    }
  | {
      readonly type: "message"
      readonly data: { readonly message: string; readonly username: string; readonly private?: true }
    }
  | Notification<"channel_list", ChannelList>
  | Notification<"user_joined", Presence>
  | Notification<"user_left", Presence>
  | Notification<"user_rename", Renaming>
  | { readonly type: "error"; readonly data: { readonly error_type: string; readonly message: string } & Coded }

/** Asks for a name; sent once, before anything else. */
export const loginRequest: ServerPackage = { type: "request", data: { request: "login" } }

/** Says that the login succeeded, and which channels there are. */
export const session = (channels: ReadonlyArray<string>): ServerPackage => ({
  type: "session",
  data: { status: true, channels }
})

/** Says why the login failed. */
export const denial = (reason: string, code?: string): ServerPackage => ({
  type: "session",
  data: { status: false, reason, ...coded(code) }
})

/** A message to the current channel, or to the recipient alone. */
export const message = (username: string, text: string, isPrivate = false): ServerPackage => ({
  type: "message",
  data: isPrivate ? { message: text, username, private: true } : { message: text, username }
})

/** The channels that anybody may see. */
export const channelList = (channels: ReadonlyArray<string>): ServerPackage => ({
  type: "notification",
  data: { event_type: "channel_list", channels, parameters: { channels } }
})

/** Somebody came into the channel or left it; `current_users` are those that are in it now. */
export const presence = (
  event_type: "user_joined" | "user_left",
  username: string,
  channel: string,
  current_users: ReadonlyArray<string>
): ServerPackage => {
  const parameters: Presence = { username, channel, current_users }
  return event_type === "user_joined"
    ? { type: "notification", data: { event_type, ...parameters, parameters } }
    : { type: "notification", data: { event_type, ...parameters, parameters } }
}

/** Somebody has another name. */
export const renaming = (old_username: string, new_username: string): ServerPackage => ({
  type: "notification",
  data: { event_type: "user_rename", old_username, new_username, parameters: { old_username, new_username } }
})

/** Says why a command, or what came instead of one, was not carried out. */
export const error = (error_type: string, text: string, code?: string): ServerPackage => ({
  type: "error",
  data: { error_type, message: text, ...coded(code) }
})
