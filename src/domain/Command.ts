/** What a logged-in user may ask of the chat, and what it answers. Names and texts are as they came: the chat checks them. */
import type { Deferred, Redacted } from "effect"
import type { FileSummary } from "./FileSummary.ts"
import type { Attachment, Message } from "./Message.ts"
import type { RoomName, UserName } from "./Names.ts"
import type { StorageFailed } from "./Rejection.ts"
import type { RoomSummary, UserSummary } from "./Room.ts"

/** What a user calls one of its uploads: unique among those that it has under way. */
export type UploadKey = number

/** What a user calls one of its downloads: unique among those that it has under way. */
export type DownloadKey = number

/** An upload that is to become a file, and what to call that. */
export interface UploadedFile {
  readonly key: UploadKey
  /** As it came; reduced to a safe base name. */
  readonly name: string
}

/** What a session asks of the chat: one thing, which is carried out whole or refused. */
export type Command =
  /**
   * Say `text` in `room`, or in the current one. A text that begins with a slash command is one, unless `isLiteral`. With
   * `upload` that file goes with it, which must be there whole and is used up; with `file` the stored file of that id.
   * With an `id` of its author's choice it is said once, however often it comes.
   */
  | {
      readonly _tag: "Say"
      readonly text: string
      readonly room?: string
      readonly attachment?: Attachment
      readonly upload?: UploadedFile
      readonly file?: string
      readonly id?: string
      readonly isLiteral?: boolean
    }
  /** Say `text` to one user, by name or by public number. */
  | {
      readonly _tag: "Tell"
      readonly to: string | number
      readonly text: string
      readonly attachment?: Attachment
      readonly upload?: UploadedFile
      readonly file?: string
      readonly id?: string
    }
  /** Begin to send a file of `sizeBytes`, whose `name` may be known already. What has the same key is dropped. */
  | { readonly _tag: "BeginUpload"; readonly key: UploadKey; readonly sizeBytes: number; readonly name?: string }
  /** Bytes of a file, from index `atByte` on; in any order. The bytes are not changed before this is done. */
  | { readonly _tag: "WriteUpload"; readonly key: UploadKey; readonly atByte: number; readonly bytes: Uint8Array }
  /** Forget about a file that was begun, if it was. */
  | { readonly _tag: "DropUpload"; readonly key: UploadKey }
  /** Begin to send a file of `sizeBytes` over HTTP, by which it can go on where it broke off. */
  | { readonly _tag: "OpenUpload"; readonly name: string; readonly sizeBytes: number }
  /** Begin to fetch a file that the user may see. What has the same key already is forgotten. */
  | { readonly _tag: "BeginDownload"; readonly key: DownloadKey; readonly file: number }
  /** Bytes of a file from index `atByte` on, all of which it must have; in any order, any number of times. */
  | {
      readonly _tag: "ReadDownload"
      readonly key: DownloadKey
      readonly atByte: number
      readonly sizeBytes: number
    }
  /** Forget about a file that is being fetched, if it is. */
  | { readonly _tag: "DropDownload"; readonly key: DownloadKey }
  /** The files that were shared where the user is, or with the user, oldest first. */
  | { readonly _tag: "ListFiles" }
  /** What is known of one of them. */
  | { readonly _tag: "FindFile"; readonly file: number }
  /** Enter a room and make it current, creating it if need be. The others are left, unless `stay`. */
  | { readonly _tag: "JoinRoom"; readonly room: string; readonly stay?: boolean }
  /** Leave `room`, or the current one. Whoever is nowhere else is in `general` again. */
  | { readonly _tag: "LeaveRoom"; readonly room?: string }
  /** Take another name. What is given as proof that it may be had goes to the policy alone. */
  | { readonly _tag: "Rename"; readonly name: string; readonly credential?: Redacted.Redacted | undefined }
  /** Close `room` (or the current one) to outsiders, or open it again. */
  | { readonly _tag: "SetPrivate"; readonly isPrivate: boolean; readonly room?: string }
  /** Let a user into `room` (or the current one) although it is private. */
  | { readonly _tag: "Invite"; readonly name: string; readonly room?: string }
  | { readonly _tag: "ListRooms" }
  /** What is known of the user of a public number. */
  | { readonly _tag: "FindUser"; readonly number: number }
  /** The members of `room`, or with `everywhere` all users. */
  | { readonly _tag: "ListUsers"; readonly room?: string; readonly everywhere?: boolean }
  /** The last `limit` messages of `room` before number `before`, or the first ones after `after`. Oldest first. */
  | {
      readonly _tag: "ReadHistory"
      readonly room?: string
      readonly limit?: number
      readonly before?: number
      readonly after?: number
    }

/** What a command came to. */
export type Reply =
  | { readonly _tag: "Done" }
  /**
   * The message was delivered. If it is not durable yet there is `stored`, which is done when it is, or fails; nobody has
   * to wait for it.
   */
  | { readonly _tag: "Accepted"; readonly message: Message; readonly stored?: Deferred.Deferred<void, StorageFailed> }
  | { readonly _tag: "Rooms"; readonly rooms: ReadonlyArray<RoomSummary> }
  | { readonly _tag: "Users"; readonly room: RoomName | undefined; readonly users: ReadonlyArray<UserSummary> }
  | { readonly _tag: "Messages"; readonly room: RoomName; readonly messages: ReadonlyArray<Message> }
  | { readonly _tag: "Renamed"; readonly name: UserName }
  /** The file may be sent, and will have this number. */
  | { readonly _tag: "UploadBegun"; readonly file: number }
  /** The file may be sent to this path of the HTTP port (tus 1.0.0). */
  | { readonly _tag: "UploadOpened"; readonly path: string }
  | { readonly _tag: "DownloadBegun"; readonly file: FileSummary }
  | { readonly _tag: "FileRead"; readonly bytes: Uint8Array }
  | { readonly _tag: "Files"; readonly files: ReadonlyArray<FileSummary> }
  | { readonly _tag: "Joined"; readonly room: RoomName; readonly members: ReadonlyArray<UserName> }

/** The answer to whatever needs none. */
export const done: Reply = { _tag: "Done" }
