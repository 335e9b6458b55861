/**
 * The protocol of ChatMaster 3000: its Schemas, what decodes and encodes them in both directions, and the protocol that a server can serve.
 *
 * @see PROTOCOL.md
 * @module
 */
export * as ChatMaster from "./ChatMaster.ts"
export * as ChatMasterProtocol from "./ChatMasterProtocol.ts"
export * as ChatMasterReader from "./ChatMasterReader.ts"
export * as ChatMasterPacket from "./ChatMasterPacket.ts"
