/**
 * The packages of ChatMaster 3000.
 *
 * - What clients send is decoded here, once; what does not fit is a {@link Misread}, never an exception.
 * - What the server sends are literals. Notifications say everything twice, beside `event_type` and under
 *   `parameters`, because clients of different ages look in different places.
 */
import { Predicate, Result, Schema } from "effect"

const Envelope = Schema.Struct({ type: Schema.String, data: Schema.optionalKey(Schema.Unknown) })
const MessageData = Schema.Struct({ message: Schema.String, username: Schema.optionalKey(Schema.Unknown) })
const CommandData = Schema.Struct({
  command: Schema.String,
  parameters: Schema.optionalKey(Schema.Unknown),
  parameter: Schema.optionalKey(Schema.Unknown)
})
const Parameters = Schema.Union([Schema.String, Schema.Record(Schema.String, Schema.Unknown)])

const decodeEnvelope = Schema.decodeUnknownResult(Envelope)
const decodeMessage = Schema.decodeUnknownResult(MessageData)
const decodeCommand = Schema.decodeUnknownResult(CommandData)
const decodeParameters = Schema.decodeUnknownResult(Parameters)

/** The argument of a command: an object of named ones, or the only one by itself. */
export type Parameters = typeof Parameters.Type

/** What a client may send. */
export type ClientPackage =
  | {
      readonly _tag: "Message"
      readonly text: string
      /** Whether the sender names itself, which nobody believes. */
      readonly hasUsername: boolean
    }
  | {
      readonly _tag: "Command"
      readonly command: string
      readonly parameters: Parameters
      /** Whether the key `parameters` was there, with whatever value. */
      readonly hasParameters: boolean
    }

/** A text that is not JSON, which ends the connection; or JSON of another shape, which is an error and no more. */
export type Misread =
  | { readonly _tag: "Undecodable"; readonly detail: string }
  | { readonly _tag: "Misshapen"; readonly detail: string }

const misshapen = (detail: string) => Result.fail<Misread>({ _tag: "Misshapen", detail })

/** A package that is what most are, and nothing more: the same as its Schemas would make of it, at a tenth of the cost. */
const plainMessage = (json: unknown): ClientPackage | undefined => {
  if (!Predicate.isObject(json) || json["type"] !== "message" || !Predicate.isObject(json["data"])) return undefined
  const { message } = json["data"]
  if (typeof message !== "string") return undefined
  return { _tag: "Message", text: message, hasUsername: "username" in json["data"] }
}

/**
 * Decodes the text of one package.
 *
 * @see PROTOCOL.md § 4
 */
export const read = (text: string): Result.Result<ClientPackage, Misread> => {
  const parsed = Result.try((): unknown => JSON.parse(text))
  if (Result.isFailure(parsed)) {
    return Result.fail({ _tag: "Undecodable", detail: "Cannot read package: it is not JSON." })
  }
  const message = plainMessage(parsed.success)
  if (message !== undefined) return Result.succeed(message)
  const envelope = decodeEnvelope(parsed.success)
  if (Result.isFailure(envelope)) return misshapen("A package has a type and data.")
  switch (envelope.success.type.toLowerCase()) {
    case "message": {
      const data = decodeMessage(envelope.success.data)
      if (Result.isFailure(data)) return misshapen("The data of a message has a string called message.")
      return Result.succeed({ _tag: "Message", text: data.success.message, hasUsername: "username" in data.success })
    }
    case "command": {
      const data = decodeCommand(envelope.success.data)
      if (Result.isFailure(data)) return misshapen("The data of a command has a string called command.")
      const { command, parameter, parameters } = data.success
      return Result.succeed({
        _tag: "Command",
        command,
        parameters: Result.getOrElse(decodeParameters(parameters ?? parameter ?? {}), () => ({})),
        hasParameters: "parameters" in data.success
      })
    }
    default:
      return misshapen("A client sends packages of type message and command.")
  }
}

/** The argument called `key`, if it is a string. */
export const argument = (parameters: Parameters, key: "username" | "channel"): string | undefined => {
  const value = typeof parameters === "string" ? parameters : parameters[key]
  return typeof value === "string" ? value : undefined
}

/** Whether a login says that its client reads a stream of packages, and needs no gaps. */
export const readsStream = (parameters: Parameters): boolean =>
  typeof parameters !== "string" && parameters["stream"] === true

interface ChannelList {
  readonly channels: ReadonlyArray<string>
}

interface Presence {
  readonly username: string
  readonly channel: string
  readonly current_users: ReadonlyArray<string>
}

interface Renaming {
  readonly old_username: string
  readonly new_username: string
}

type Notification<Type extends string, Attributes> = {
  readonly type: "notification"
  readonly data: { readonly event_type: Type; readonly parameters: Attributes } & Attributes
}

/** What the server sends. */
export type ServerPackage =
  | { readonly type: "request"; readonly data: { readonly request: "login" } }
  | {
      readonly type: "session"
      readonly data:
        | { readonly status: true; readonly channels: ReadonlyArray<string> }
        | { readonly status: false; readonly reason: string }
    }
  | {
      readonly type: "message"
      readonly data: { readonly message: string; readonly username: string; readonly private?: true }
    }
  | Notification<"channel_list", ChannelList>
  | Notification<"user_joined", Presence>
  | Notification<"user_left", Presence>
  | Notification<"user_rename", Renaming>
  | { readonly type: "error"; readonly data: { readonly error_type: string; readonly message: string } }

/** Asks for a name; sent once, before anything else. */
export const loginRequest: ServerPackage = { type: "request", data: { request: "login" } }

/** Says that the login succeeded, and which channels there are. */
export const session = (channels: ReadonlyArray<string>): ServerPackage => ({
  type: "session",
  data: { status: true, channels }
})

/** Says why the login failed. */
export const denial = (reason: string): ServerPackage => ({ type: "session", data: { status: false, reason } })

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
export const error = (error_type: string, text: string): ServerPackage => ({
  type: "error",
  data: { error_type, message: text }
})
