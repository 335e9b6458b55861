/**
 * The protocol of TsockM: its Schemas, what decodes and encodes them in both directions, and the protocol that a server can serve.
 *
 * @see PROTOCOL.md
 * @module
 */
export * as Tsockm from "./Tsockm.ts"
export * as TsockmProtocol from "./TsockmProtocol.ts"
export * as TsockmReader from "./TsockmReader.ts"
export * as TsockmPacket from "./TsockmPacket.ts"
export * as TsockmRequest from "./TsockmRequest.ts"
export * as TsockmResponse from "./TsockmResponse.ts"
export * as TsockmId from "./TsockmId.ts"
