/**
 * Parlance for programs that embed it: the chat core, the server, and what they speak of.
 *
 * @module
 */
export type { Address } from "./app/Address.ts"
export * as Listener from "./app/Listener.ts"
export * as Listeners from "./app/Listeners.ts"
export * as Routes from "./app/HttpRoutes.ts"
export { ConsoleGateway } from "./app/ConsoleGateway.ts"
export { Server } from "./app/Server.ts"
export { Settings, SettingInvalid, type Input as SettingsInput } from "./app/Settings.ts"
export * as Storage from "./app/Storage.ts"
export type { Command, Reply } from "./domain/Command.ts"
export { type Event, type Perspective, PersonalEvent, SharedEvent } from "./domain/Event.ts"
export { Hangup, type HangupReason } from "./domain/Hangup.ts"
export { Attachment, Message, ProtocolName } from "./domain/Message.ts"
export { lookAlikeKey, RoomName, roomName, UserName, userName } from "./domain/Names.ts"
export * from "./domain/Rejection.ts"
export { RoomSummary, UserSummary } from "./domain/Room.ts"
export * from "./protocols/chatmaster/mod.ts"
export * from "./protocols/packet/mod.ts"
export * from "./protocols/sockets/mod.ts"
export * from "./protocols/toss/mod.ts"
export * from "./protocols/tsockm/mod.ts"
export type { Exchange } from "./protocols/Exchange.ts"
export type { Link } from "./protocols/Link.ts"
export type {
  ByteFrame,
  ByteProtocol,
  Conversation,
  Datagrams,
  FileFrame,
  Masks,
  Protocol
} from "./protocols/Protocol.ts"
export * as Reader from "./protocols/Reader.ts"
export type { Step, Steps } from "./protocols/Step.ts"
export { Attachments, type StoredFile } from "./services/Attachments.ts"
export { Metrics } from "./services/Metrics.ts"
export { Chat } from "./services/Chat.ts"
export { Directory, type NameClaim } from "./services/Directory.ts"
export { History } from "./services/History.ts"
export { Limits } from "./services/Limits.ts"
export { Operator } from "./services/Operator.ts"
export { StorageHealth } from "./services/StorageHealth.ts"
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
} from "./services/Policy.ts"
export { Quota } from "./services/Quota.ts"
export type { Outlet, Session } from "./services/Session.ts"
export { Turn } from "./services/Turn.ts"
export * as Visitor from "./services/Visitor.ts"
export type { Decoded, Malformed } from "./protocols/Decoded.ts"
export type { Missed } from "./domain/Missed.ts"
export type { OpenConnection, TappedPacket } from "./transports/OpenConnections.ts"
export { Connections } from "./transports/Connections.ts"
export { Inbound } from "./transports/Inbound.ts"
export { ListenFailed } from "./transports/ListenFailed.ts"
export * as TcpListener from "./transports/TcpListener.ts"
export { WireLog } from "./transports/WireLog.ts"
export * as UdpListener from "./transports/UdpListener.ts"
