/**
 * What a client may send.
 *
 * - The fields of a Schema are on the wire in the order in which they stand here.
 * - Names are texts as they came, blobs are bytes as they came: the chat checks them.
 *
 * @see PROTOCOL.md §§ 3–6
 */
import { Schema } from "effect"
import { Blob, Text, U32, U64 } from "./PacketField.ts"

/** A packet from a client; `session` is the secret number by which it says who it is. */
export const Request = Schema.TaggedUnion({
  SessionRequest: { name: Text },
  /** Only says that the client is still there. */
  SessionPreserve: { session: U64 },
  UsersRequest: { session: U64 },
  UserDataRequest: { session: U64, user: U64 },
  /** `user` is who is to get it, `message` the sender's own number of it. */
  MessageRequest: { session: U64, user: U64, message: U64, blob: Blob },
  BroadcastRequest: { session: U64, message: U64, blob: Blob },
  /** `message` is the number that the server gave; which session answers, the carrier knows. */
  IncomingMessageResponse: { message: U64 },
  /** The bits 16 to 31 of `file` are zero, or it is an upload on the wire. */
  DownloadRequest: { session: U64, file: U64 },
  /** `name` is not empty, or it is a download on the wire. */
  UploadRequest: { session: U64, sizeBytes: U32, name: Text },
  /** `transaction` is even. */
  DownloadChunkRequest: { transaction: U64, chunk: U32 },
  /** `transaction` is odd. The length of `blob` is as it came. */
  UploadChunkRequest: { transaction: U64, chunk: U32, blob: Blob },
  FilesRequest: { session: U64 },
  FileDataRequest: { session: U64, file: U64 }
})
export type Request = typeof Request.Type

/** The number of each on the wire, which an error packet repeats. */
export const requestTypes: Readonly<Record<Request["_tag"], number>> = {
  SessionRequest: 1,
  SessionPreserve: 4,
  UsersRequest: 5,
  UserDataRequest: 7,
  MessageRequest: 9,
  BroadcastRequest: 11,
  IncomingMessageResponse: 14,
  DownloadRequest: 15,
  UploadRequest: 15,
  DownloadChunkRequest: 17,
  UploadChunkRequest: 17,
  FilesRequest: 19,
  FileDataRequest: 21
}
