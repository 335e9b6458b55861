/**
 * The protocol of the Python chat app: its Schemas, what decodes and encodes them in both directions, and the protocol that a server can serve.
 *
 * @see PROTOCOL.md
 * @module
 */
export * as Packet from "./Packet.ts"
export * as PacketProtocol from "./PacketProtocol.ts"
export * as PacketReader from "./PacketReader.ts"
export * as PacketRequest from "./PacketRequest.ts"
export * as PacketResponse from "./PacketResponse.ts"
export { PacketError } from "./PacketError.ts"
export * from "../Contract.ts"
export type { Malformed as PacketMalformed } from "./PacketCodec.ts"
export type { Member as PacketMember } from "./PacketMember.ts"
export type { Lost as PacketLost, PacketLimits, Received as PacketReceived } from "./PacketReader.ts"
export type { Request as PacketQuestion } from "./PacketRequest.ts"
export type { Response as PacketAnswer } from "./PacketResponse.ts"
export type { Options as PacketProtocolOptions } from "./PacketProtocol.ts"
