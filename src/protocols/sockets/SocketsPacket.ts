/** The events of the `sockets` protocol in both directions, as Schemas. `PROTOCOL.md` says what they mean. */
import { Option, Schema } from "effect"
import { Credential } from "../../domain/Credential.ts"
import { ProtocolName } from "../../domain/Message.ts"
import { RoomSummary, UserSummary } from "../../domain/Room.ts"

const { Boolean, Int, Literal, String, Struct, Tuple, optionalKey } = Schema

const Natural = Int.check(Schema.isGreaterThanOrEqualTo(0))
const InRoom = Struct({ room: optionalKey(String) })

/** The longest id that a client may give a message, in UTF-16 units. */
export const limitIdUnits = 64
const MessageId = String.check(Schema.isBetweenLength(1, limitIdUnits))

/** What a client may send, by name (`PROTOCOL.md` § 2 and § 4). Names and texts are as they came: the chat checks them. */
export const ClientEvent = Schema.Union([
  Struct({
    name: Literal("register"),
    args: Tuple([Schema.Union([String, Struct({ name: String, password: Credential })])])
  }),
  Struct({
    name: Literal("message"),
    args: Tuple([
      Struct({
        from: String,
        message: String,
        room: optionalKey(String),
        file: optionalKey(String),
        id: optionalKey(MessageId)
      })
    ])
  }),
  Struct({ name: Literal("join"), args: Tuple([Schema.Union([String, Struct({ room: String })])]) }),
  Struct({ name: Literal("leave"), args: Tuple([optionalKey(Schema.Union([String, InRoom]))]) }),
  Struct({ name: Literal("rooms"), args: Tuple([]) }),
  Struct({
    name: Literal("users"),
    args: Tuple([optionalKey(Struct({ room: optionalKey(String), everywhere: optionalKey(Boolean) }))])
  }),
  Struct({
    name: Literal("direct"),
    args: Tuple([Struct({ to: String, message: String, file: optionalKey(String), id: optionalKey(MessageId) })])
  }),
  Struct({
    name: Literal("history"),
    args: Tuple([
      optionalKey(
        Struct({
          room: optionalKey(String),
          limit: optionalKey(Natural),
          before: optionalKey(Natural),
          after: optionalKey(Natural)
        })
      )
    ])
  }),
  Struct({
    name: Literal("rename"),
    args: Tuple([Struct({ name: String, password: optionalKey(Credential) })])
  }),
  Struct({ name: Literal("private"), args: Tuple([Struct({ private: Boolean, room: optionalKey(String) })]) }),
  Struct({ name: Literal("invite"), args: Tuple([Struct({ name: String, room: optionalKey(String) })]) }),
  Struct({ name: Literal("upload"), args: Tuple([Struct({ name: String, size: Natural })]) })
])
export type ClientEvent = typeof ClientEvent.Type

const encodeArgs = Schema.encodeUnknownOption(ClientEvent)

/** The arguments of a client's event as they are sent: with the password, if it has one. */
export const encodedArgs = (event: ClientEvent): ReadonlyArray<unknown> =>
  Option.getOrElse(encodeArgs(event), () => event).args

/** An event that came. `ack` is the number of the acknowledgement that it wants, if it wants one. */
export type Received =
  | { readonly _tag: "Event"; readonly event: ClientEvent; readonly ack: number | undefined }
  /** Nobody knows its name, or its payload is not what the name stands for. */
  | { readonly _tag: "UnknownEvent" | "Malformed"; readonly name: string; readonly ack: number | undefined }

/** A file that can be fetched at `url`. */
export const FileNote = Struct({
  from: String,
  name: String,
  size: Int,
  url: String,
  room: optionalKey(String),
  to: optionalKey(String)
})
export type FileNote = typeof FileNote.Type

const SharedFile = Struct({ name: String, size: Int, url: String })

/** A message as `history` lists it; `at` is in milliseconds since 1970. */
export const Recorded = Struct({
  from: String,
  message: String,
  number: Int,
  at: Int,
  protocol: ProtocolName,
  room: optionalKey(String),
  to: optionalKey(String),
  file: optionalKey(SharedFile)
})
export type Recorded = typeof Recorded.Type

/** Why something was not done: a stable code and a sentence. */
export const Refusal = Struct({ code: String, message: String })
export type Refusal = typeof Refusal.Type

/** What an acknowledgement carries, for every event but `register` (`PROTOCOL.md` § 4). */
export const Answer = Schema.Union([
  Struct({
    ok: Literal(true),
    number: optionalKey(Int),
    at: optionalKey(Int),
    id: optionalKey(String),
    file: optionalKey(SharedFile),
    url: optionalKey(String),
    name: optionalKey(String),
    room: optionalKey(String),
    members: optionalKey(Schema.Array(String)),
    rooms: optionalKey(Schema.Array(RoomSummary)),
    users: optionalKey(Schema.Array(UserSummary)),
    messages: optionalKey(Schema.Array(Recorded))
  }),
  Struct({ ok: Literal(false), error: Refusal })
])
export type Answer = typeof Answer.Type

const Note = Struct({
  from: String,
  message: String,
  room: optionalKey(String),
  number: optionalKey(Int),
  at: optionalKey(Int),
  protocol: optionalKey(ProtocolName),
  private: optionalKey(Literal(true)),
  text: optionalKey(String),
  file: optionalKey(SharedFile)
})

const Direct = Struct({
  from: String,
  to: String,
  message: String,
  number: Int,
  at: Int,
  protocol: ProtocolName,
  file: optionalKey(SharedFile)
})

/** Who somebody is, and the rooms to be seen. */
const Welcome = Struct({ user: UserSummary, rooms: Schema.Array(RoomSummary) })

/** Somebody came into a room, left one, or has another name. */
const Presence = Schema.Union([
  Struct({
    event: Literal("joined"),
    user: UserSummary,
    room: String,
    cause: Schema.Literals(["login", "join", "return"])
  }),
  Struct({ event: Literal("left"), user: UserSummary, room: String, cause: Schema.Literals(["leave", "logout"]) }),
  Struct({ event: Literal("renamed"), user: UserSummary, oldName: String })
])

/** The requests that are answered by an event of the same name when no acknowledgement was asked for. */
export const answered = ["join", "leave", "rooms", "users", "history", "rename", "private", "invite", "upload"] as const

/** What the server sends, by name (`PROTOCOL.md` § 3 and § 5). */
export const ServerEvent = Schema.Union([
  Struct({
    name: Literal("register"),
    args: Tuple([Boolean])
  }),
  Struct({ name: Literal("message"), args: Tuple([Note]) }),
  Struct({ name: Literal("direct"), args: Tuple([Direct]) }),
  Struct({ name: Literal("file"), args: Tuple([FileNote]) }),
  Struct({ name: Literal("welcome"), args: Tuple([Welcome]) }),
  Struct({ name: Literal("presence"), args: Tuple([Presence]) }),
  Struct({ name: Literal("room"), args: Tuple([Struct({ room: String, isPrivate: Boolean })]) }),
  Struct({ name: Literal("invited"), args: Tuple([Struct({ room: String, by: String })]) }),
  Struct({ name: Schema.Literals(answered), args: Tuple([Answer]) }),
  Struct({
    name: Literal("error"),
    args: Tuple([Struct({ code: String, message: String, event: optionalKey(String) })])
  })
])
export type ServerEvent = typeof ServerEvent.Type
