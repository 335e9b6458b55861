/**
 * Refusals: a command was not carried out, its connection lives.
 *
 * Their fields are data; {@link explain} is the prose that every protocol may show. Field-less refusals are still made
 * anew each time: they are rare, and an error that is shared shares its stack.
 */
import { Schema } from "effect"

/** The name is in use, by itself or by a look-alike. */
export class NameTaken extends Schema.TaggedError<NameTaken>()("NameTaken", {}) {}
/** The name is empty, too long or has characters that no name may have. */
export class NameInvalid extends Schema.TaggedError<NameInvalid>()("NameInvalid", {}) {}
/** The name belongs to the server, or looks as if. */
export class NameReserved extends Schema.TaggedError<NameReserved>()("NameReserved", {}) {}
/** Only users who have logged in may do this. */
export class NotLoggedIn extends Schema.TaggedError<NotLoggedIn>()("NotLoggedIn", {}) {}
/** A session has one login. */
export class AlreadyLoggedIn extends Schema.TaggedError<AlreadyLoggedIn>()("AlreadyLoggedIn", {}) {}
/** The server is stopping, or has as many users as it may have. */
export class ServerFull extends Schema.TaggedError<ServerFull>()("ServerFull", {}) {}
/** The operator has banned the address. */
export class AddressBanned extends Schema.TaggedError<AddressBanned>()("AddressBanned", {}) {}
/** The room is closed to those who were neither in it nor invited. */
export class RoomPrivate extends Schema.TaggedError<RoomPrivate>()("RoomPrivate", {}) {}
/** A default room cannot be made private. */
export class RoomProtected extends Schema.TaggedError<RoomProtected>()("RoomProtected", {}) {}
/** There are as many rooms as there may be. */
export class TooManyRooms extends Schema.TaggedError<TooManyRooms>()("TooManyRooms", { limit: Schema.Int }) {}
/** The user is in that room, and it is the current one. */
export class AlreadyInRoom extends Schema.TaggedError<AlreadyInRoom>()("AlreadyInRoom", {}) {}
/** The user is not in that room. */
export class NotInRoom extends Schema.TaggedError<NotInRoom>()("NotInRoom", {}) {}
/** Nobody has that name or number. */
export class NoSuchUser extends Schema.TaggedError<NoSuchUser>()("NoSuchUser", {}) {}
/** A message has a text. */
export class TextEmpty extends Schema.TaggedError<TextEmpty>()("TextEmpty", {}) {}
/** The text is longer than the limit, in bytes of UTF-8. */
export class TextTooLong extends Schema.TaggedError<TextTooLong>()("TextTooLong", { limitBytes: Schema.Int }) {}
/** Messages come faster than they may. */
export class Flooding extends Schema.TaggedError<Flooding>()("Flooding", { retryAfterMillis: Schema.Int }) {}
/** A slash command is not used as it should be. */
export class CommandMisused extends Schema.TaggedError<CommandMisused>()("CommandMisused", { usage: Schema.String }) {}
/** The file is larger than the limit. */
export class FileTooLarge extends Schema.TaggedError<FileTooLarge>()("FileTooLarge", { limitBytes: Schema.Int }) {}
/** The user has as many uploads under way as it may have. */
export class TooManyUploads extends Schema.TaggedError<TooManyUploads>()("TooManyUploads", { limit: Schema.Int }) {}
/** The user, or its address, would send more bytes of files at a time than it may. */
export class UploadsTooLarge extends Schema.TaggedError<UploadsTooLarge>()("UploadsTooLarge", {
  limitBytes: Schema.Int
}) {}
/** There is no such upload, or not any more, or bytes of it are missing or were put where it has none. */
export class UploadBroken extends Schema.TaggedError<UploadBroken>()("UploadBroken", {}) {}
/** There is no such file, none that the user may see, or not so much of it. */
export class NoSuchFile extends Schema.TaggedError<NoSuchFile>()("NoSuchFile", {}) {}
/** The user fetches as many files as it may. */
export class TooManyDownloads extends Schema.TaggedError<TooManyDownloads>()("TooManyDownloads", {
  limit: Schema.Int
}) {}
/** What was to be kept cannot be kept, for reasons that are the server's. */
export class StorageFailed extends Schema.TaggedError<StorageFailed>()("StorageFailed", {}) {}

/** The longest code of a refusal of the policy, in characters. */
export const limitCodeCharacters = 64

/** What a policy calls the reason of a refusal, for programs: words in small letters and digits with a `-` between two. */
export const RefusalCode = Schema.String.check(
  Schema.isPattern(/^[a-z0-9]+(?:-[a-z0-9]+)*$/),
  Schema.isMaxLength(limitCodeCharacters)
)

/**
 * The policy of the server refuses it. The code is the policy's own and stable, the reason a sentence for people. To make one
 * whose code is not a {@link RefusalCode} throws.
 */
export class RefusedByPolicy extends Schema.TaggedError<RefusedByPolicy>()("RefusedByPolicy", {
  code: RefusalCode,
  reason: Schema.String
}) {}

/** Why a command was refused. */
export const Rejection = Schema.Union([
  NameTaken,
  NameInvalid,
  NameReserved,
  NotLoggedIn,
  AlreadyLoggedIn,
  ServerFull,
  AddressBanned,
  RoomPrivate,
  RoomProtected,
  TooManyRooms,
  AlreadyInRoom,
  NotInRoom,
  NoSuchUser,
  TextEmpty,
  TextTooLong,
  Flooding,
  CommandMisused,
  FileTooLarge,
  TooManyUploads,
  UploadsTooLarge,
  UploadBroken,
  NoSuchFile,
  TooManyDownloads,
  StorageFailed,
  RefusedByPolicy
])
export type Rejection = typeof Rejection.Type

/** The stable code of a refusal: the policy's own, or else the tag. No tag looks like the code of a policy. */
export const codeOf = (rejection: Rejection): string =>
  rejection._tag === "RefusedByPolicy" ? rejection.code : rejection._tag

/** One English sentence for a refusal, for protocols that have no words of their own for it. */
export const explain = (rejection: Rejection): string => {
  switch (rejection._tag) {
    case "NameTaken":
      return "Username is already taken."
    case "NameInvalid":
      return "Name must have 1 to 64 characters and no control characters."
    case "NameReserved":
      return "Username is reserved."
    case "NotLoggedIn":
      return "You are not logged in."
    case "AlreadyLoggedIn":
      return "You are already logged in."
    case "ServerFull":
      return "The server takes no more users."
    case "AddressBanned":
      return "This address is banned."
    case "RoomPrivate":
      return "Channel is private."
    case "RoomProtected":
      return "Channel cannot be set to private."
    case "TooManyRooms":
      return `There are ${rejection.limit} channels already.`
    case "AlreadyInRoom":
      return "You have already joined the channel."
    case "NotInRoom":
      return "You are not in a channel."
    case "NoSuchUser":
      return "There is no user of that name."
    case "TextEmpty":
      return "Message is empty."
    case "TextTooLong":
      return `Message is longer than ${rejection.limitBytes} bytes.`
    case "Flooding":
      return `Too many messages, wait ${Math.max(1, Math.ceil(rejection.retryAfterMillis / 1000))} s.`
    case "CommandMisused":
      return `Usage: ${rejection.usage}`
    case "FileTooLarge":
      return `File is larger than ${rejection.limitBytes} bytes.`
    case "TooManyUploads":
      return `Only ${rejection.limit} files can be sent at a time.`
    case "UploadsTooLarge":
      return `Only ${rejection.limitBytes} bytes of files can be sent at a time.`
    case "UploadBroken":
      return "File has not arrived whole."
    case "NoSuchFile":
      return "There is no such file."
    case "TooManyDownloads":
      return `Only ${rejection.limit} files can be fetched at a time.`
    case "StorageFailed":
      return "Server cannot store this now."
    case "RefusedByPolicy":
      return rejection.reason
  }
}

// As other errors have them, for logs and for whoever catches one.
for (const { prototype } of Rejection.members) {
  Object.defineProperty(prototype, "message", {
    get(this: Rejection) {
      return explain(this)
    },
    configurable: true
  })
}
