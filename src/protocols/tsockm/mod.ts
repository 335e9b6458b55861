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
export * from "../Contract.ts"
export type { Peer as TsockmPeer } from "./TsockmPeer.ts"
export type { Encoder as TsockmEncoder } from "./TsockmId.ts"
export type {
  Action as TsockmAction,
  Fields as TsockmFields,
  Generation as TsockmGeneration,
  Packet as TsockmSent,
  PacketType as TsockmPacketType,
  Status as TsockmStatus
} from "./TsockmPacket.ts"
export type {
  ErrorAnswer as TsockmError,
  Reason as TsockmReason,
  Received as TsockmReceived,
  Refusal as TsockmRefusal,
  Request as TsockmQuestion
} from "./TsockmRequest.ts"
export type { Ends as TsockmEnds } from "./TsockmResponse.ts"
export type { TsockmLimits } from "./TsockmReader.ts"
export type { Options as TsockmProtocolOptions } from "./TsockmProtocol.ts"
