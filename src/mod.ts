/**
 * Parlance for programs that embed it: the chat core, the server, and what they speak of.
 *
 * @module
 */
export * as Listeners from "./app/Listeners.ts"
export { Server } from "./app/Server.ts"
export { Settings, SettingInvalid } from "./app/Settings.ts"
export type { Command, Reply } from "./domain/Command.ts"
export { type Event, type Perspective, PersonalEvent, SharedEvent } from "./domain/Event.ts"
export { Hangup, type HangupReason } from "./domain/Hangup.ts"
export { Attachment, Message, ProtocolName } from "./domain/Message.ts"
export { lookAlikeKey, RoomName, roomName, UserName, userName } from "./domain/Names.ts"
export { explain, Rejection } from "./domain/Rejection.ts"
export { RoomSummary, UserSummary } from "./domain/Room.ts"
export * as ChatMasterProtocol from "./protocols/chatmaster/ChatMasterProtocol.ts"
export * as SocketsProtocol from "./protocols/sockets/SocketsProtocol.ts"
export * as TossProtocol from "./protocols/toss/TossProtocol.ts"
export type { ByteFrame, ByteProtocol, Conversation, FileFrame, Protocol, Step } from "./protocols/Protocol.ts"
export { Attachments, type StoredFile } from "./services/Attachments.ts"
export { Census } from "./services/Census.ts"
export { Chat } from "./services/Chat.ts"
export { History } from "./services/History.ts"
export { Limits } from "./services/Limits.ts"
export type { Outlet, Session } from "./services/Session.ts"
export * as Visitor from "./services/Visitor.ts"
export { Connections } from "./transports/Connections.ts"
export { ListenFailed } from "./transports/ListenFailed.ts"
export * as TcpListener from "./transports/TcpListener.ts"
