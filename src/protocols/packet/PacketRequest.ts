/**
 * What a client may send.
 *
 * - The fields of a Schema are on the wire in the order in which they stand here.
 * - Names are texts as they came, blobs are bytes as they came: the chat checks them.
 *
 * @see PROTOCOL.md §§ 3–6
 */
import { Schema } from "effect"
import { Blob, Secret, Text, U32, U64 } from "./PacketField.ts"

/** A packet from a client; `session` is the secret number by which it says who it is. */
export const Request = Schema.TaggedUnion({
  SessionRequest: { name: Text },
  /** Only says that the client is still there. */
  SessionPreserve: { session: Secret },
  UsersRequest: { session: Secret },
  UserDataRequest: { session: Secret, user: U64 },
  /** `user` is who is to get it, `message` the sender's own number of it. */
  MessageRequest: { session: Secret, user: U64, message: U64, blob: Blob },
  BroadcastRequest: { session: Secret, message: U64, blob: Blob },
  /** `message` is the number that the server gave; which session answers, the carrier knows. */
  IncomingMessageResponse: { message: U64 },
  /** The bits 16 to 31 of `file` are zero, or it is an upload on the wire. */
  DownloadRequest: { session: Secret, file: U64 },
  /** `name` is not empty, or it is a download on the wire. */
  UploadRequest: { session: Secret, sizeBytes: U32, name: Text },
  /** `transaction` is even. */
  DownloadChunkRequest: { transaction: Secret, chunk: U32 },
  /** `transaction` is odd. The length of `blob` is as it came. */
  UploadChunkRequest: { transaction: Secret, chunk: U32, blob: Blob },
  FilesRequest: { session: Secret },
  FileDataRequest: { session: Secret, file: U64 }
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
