/**
 * The protocol of TsockM: its Schemas, its reader, and the protocol that a server can serve.
 *
 * @see PROTOCOL.md
 * @module
 */
export * as TsockmProtocol from "./TsockmProtocol.ts"
export * as TsockmReader from "./TsockmReader.ts"
export * as TsockmPacket from "./TsockmPacket.ts"
export * as TsockmRequest from "./TsockmRequest.ts"
export * as TsockmResponse from "./TsockmResponse.ts"
export * as TsockmId from "./TsockmId.ts"
export * from "../Contract.ts"
export type { Peer as TsockmPeer } from "./TsockmPeer.ts"
