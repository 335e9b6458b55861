/**
 * The chat alone, without sockets, files on disk or pages: what it is, its rules, and the ports behind it.
 *
 * It loads nothing but Effect, and asks no `node:` module of its platform but `node:crypto`.
 *
 * @module
 */
export * from "../domain/Vocabulary.ts"
export { Attachments, type OpenedFile, type Range, type StoredFile, type Upload } from "./Attachments.ts"
export { Chat, type Login } from "./Chat.ts"
export { type Claimant, Directory, type NameClaim } from "./Directory.ts"
export { Downloads } from "./Downloads.ts"
export { type Appended, History, type Page, type SharedFile } from "./History.ts"
export { defaults as defaultLimits, Limits } from "./Limits.ts"
export { Links } from "./Links.ts"
export { type Counts, Metrics } from "./Metrics.ts"
export {
  AddressInvalid,
  type Info,
  NotBanned,
  Operator,
  type OperatorError,
  type Peer,
  PeerUnknown,
  type Ping,
  type RoomDetail,
  type Target
} from "./Operator.ts"
export {
  type Commanding,
  type Connecting,
  type Hooks,
  type Joining,
  type LoggingIn,
  Policy,
  type PolicyCommand,
  type PolicyUser,
  type Saying,
  type Uploading
} from "./Policy.ts"
export { type Ban, Quota } from "./Quota.ts"
export { type Refusal, type Refused, Refusals } from "./Refusals.ts"
export {
  type Progress,
  ResumableUploads,
  UploadElsewhere,
  UploadGone,
  UploadOverrun,
  UploadTakenOver
} from "./ResumableUploads.ts"
export { type EnterRefused, type Entry as RoomEntry, Rooms } from "./Rooms.ts"
export type { Outlet, Room, Session } from "./Session.ts"
export { type Claim, type Opening, Sessions } from "./Sessions.ts"
export { Shares } from "./Shares.ts"
export { type Failing, StorageHealth, type StoragePart } from "./StorageHealth.ts"
export { Turn } from "./Turn.ts"
export { type Claim as UploadClaim, UploadQuota } from "./UploadQuota.ts"
export { Uploads } from "./Uploads.ts"
export * as Visitor from "./Visitor.ts"
export type { Sent as SentFile } from "./VisitorFiles.ts"
