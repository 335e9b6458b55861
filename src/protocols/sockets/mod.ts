/**
 * The protocol of Sockets: its Schemas, what decodes and encodes them in both directions, and the protocol that a server can serve.
 *
 * @see PROTOCOL.md
 * @module
 */
export * as Sockets from "./Sockets.ts"
export * as SocketsProtocol from "./SocketsProtocol.ts"
export * as SocketsReader from "./SocketsReader.ts"
export * as SocketsPacket from "./SocketsPacket.ts"
export * from "../Contract.ts"
export type { ClientEvent as SocketsEvent, Received as SocketsReceived } from "./SocketsPacket.ts"
