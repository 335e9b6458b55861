/**
 * What the server sends.
 *
 * - The fields of a Schema are on the wire in the order in which they stand here.
 * - The server makes its packets as literals of the type; the Schemas are for those that read them.
 *
 * @see PROTOCOL.md §§ 3–6, 9
 */
import { Schema } from "effect"
import { Blob, Numbers, Secret, Text, U16, U32, U64 } from "./PacketField.ts"

/** A packet from the server. */
export const Response = Schema.TaggedUnion({
  SessionCookie: { user: U64, session: Secret },
  /** `requestType` is the number of the packet that is refused, 0 if there was none; `code` is a `PacketError`. */
  Error: { requestType: U16, code: U16, text: Text },
  UsersResponse: { users: Numbers },
  UserDataResponse: { user: U64, name: Text },
  /** `message` is the sender's own number. */
  MessageResponse: { message: U64 },
  BroadcastResponse: { message: U64 },
  /** `user` is the sender, `message` a number that the server gave. */
  IncomingMessage: { user: U64, message: U64, blob: Blob },
  /** Answers both kinds of transfer; `transaction` is even for a download, odd for an upload. */
  TransferResponse: { file: U64, transaction: Secret },
  DownloadChunkResponse: { transaction: Secret, chunk: U32, blob: Blob },
  UploadChunkResponse: { transaction: Secret, chunk: U32 },
  FilesResponse: { files: Numbers },
  FileDataResponse: { file: U64, sizeBytes: U32, name: Text }
})
export type Response = typeof Response.Type

/** The number of each on the wire. */
export const responseTypes: Readonly<Record<Response["_tag"], number>> = {
  SessionCookie: 2,
  Error: 3,
  UsersResponse: 6,
  UserDataResponse: 8,
  MessageResponse: 10,
  BroadcastResponse: 12,
  IncomingMessage: 13,
  TransferResponse: 16,
  DownloadChunkResponse: 18,
  UploadChunkResponse: 18,
  FilesResponse: 20,
  FileDataResponse: 22
}
