/** What every door speaks of: the names, messages, events, commands and refusals of a chat. */
export type { Command, DownloadKey, Reply, UploadedFile, UploadKey } from "./Command.ts"
export { type Event, type IsActor, type Perspective, PersonalEvent, SharedEvent } from "./Event.ts"
export { FileSummary } from "./FileSummary.ts"
export { Hangup, type HangupReason } from "./Hangup.ts"
export { Attachment, embedded, Message, ProtocolName } from "./Message.ts"
export { general, lookAlikeKey, RoomName, roomName, UserName, userName, uniqueKeys } from "./Names.ts"
export {
  AddressBanned,
  AlreadyInRoom,
  AlreadyLoggedIn,
  codeOf,
  CommandMisused,
  explain,
  FileTooLarge,
  Flooding,
  NameInvalid,
  NameReserved,
  NameTaken,
  NoSuchFile,
  NoSuchUser,
  NotInRoom,
  NotLoggedIn,
  RefusedByPolicy,
  Rejection,
  RoomPrivate,
  RoomProtected,
  ServerFull,
  StorageFailed,
  TextEmpty,
  TextTooLong,
  TooManyDownloads,
  TooManyRooms,
  TooManyUploads,
  UploadBroken,
  UploadsTooLarge
} from "./Rejection.ts"
export { RoomSummary, UserSummary } from "./Room.ts"
export type { Missed } from "./Missed.ts"
export { UserId } from "./UserId.ts"
