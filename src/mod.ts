/**
 * Parlance for programs that embed it: the chat core, the server, and what they speak of.
 *
 * @module
 */
export type { Address } from "./app/Address.ts"
export * as Listener from "./app/Listener.ts"
export * as Listeners from "./app/Listeners.ts"
export * as Routes from "./app/HttpRoutes.ts"
export * as Storage from "./app/Storage.ts"
export type { Attachment as ConsoleAttachment, Console } from "./app/Console.ts"
export { ConsoleGateway, type LineAnswer } from "./app/ConsoleGateway.ts"
export { BotExists, NoConsole, NoSuchBot, TooManyBots, TooManyRequests, Unauthorized } from "./api/ApiError.ts"
export type { BotRegistry } from "./app/api/BotRegistry.ts"
export type { Services as HttpServices } from "./app/HttpRoutes.ts"
export type { OperatorLogin } from "./app/OperatorLogin.ts"
export { OperatorToken } from "./app/OperatorToken.ts"
export {
  type Failure as ServerFailure,
  type OperatorPage,
  Server,
  type Services as ServerServices
} from "./app/Server.ts"
export type { Kind as SettingKind } from "./app/SettingKind.ts"
export {
  type Input as SettingsInput,
  type Row as SettingRow,
  SettingInvalid,
  Settings,
  type Values as SettingValues
} from "./app/Settings.ts"
export type { Failure as StorageFailure } from "./app/Storage.ts"
export * from "./protocols/chatmaster/mod.ts"
export * from "./protocols/packet/mod.ts"
export * from "./protocols/sockets/mod.ts"
export * from "./protocols/toss/mod.ts"
export * from "./protocols/tsockm/mod.ts"
export * from "./protocols/Contract.ts"
export * from "./services/mod.ts"
export { DatabaseUnavailable } from "./storage/DatabaseUnavailable.ts"
export { StorageUnavailable } from "./storage/StorageUnavailable.ts"
export type { Accepted, RemoteAddress } from "./transports/Accepted.ts"
export type { Carrier, CarrierListener } from "./transports/Carrier.ts"
export { Connections, type Service } from "./transports/Connections.ts"
export { Descriptors } from "./transports/Descriptors.ts"
export { type Flushable, Flusher } from "./transports/Flusher.ts"
export { type Flow, Inbound } from "./transports/Inbound.ts"
export type { OpenConnection, TappedPacket } from "./transports/OpenConnections.ts"
export { ListenFailed } from "./transports/ListenFailed.ts"
export * as TcpListener from "./transports/TcpListener.ts"
export { type Recorder, WireLog } from "./transports/WireLog.ts"
export type { ProtocolContext } from "./transports/ProtocolContext.ts"
export { TransportLimits } from "./transports/TransportLimits.ts"
export * as UdpListener from "./transports/UdpListener.ts"
export type { Bound, Endpoint, SocketIoOptions } from "./app/Listener.ts"
export {
  ChatMaster as ChatMasterListener,
  Packet as PacketListener,
  Sockets as SocketsListener,
  Toss as TossListener,
  Tsockm as TsockmListener
} from "./app/Listeners.ts"
export type { ChatMasterOptions, PacketOptions, TossOptions, TsockmOptions } from "./app/Protocols.ts"
export type { Options as DatabaseOptions } from "./storage/Database.ts"
export type { Direction } from "./transports/PacketTaps.ts"
export type { Synchronous } from "./storage/sqlite/SqliteClient.ts"
