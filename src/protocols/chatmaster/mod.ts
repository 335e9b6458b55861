/**
 * The protocol of ChatMaster 3000: its Schemas, its reader, and the protocol that a server can serve.
 *
 * @see PROTOCOL.md
 * @module
 */
export * as ChatMasterProtocol from "./ChatMasterProtocol.ts"
export * as ChatMasterReader from "./ChatMasterReader.ts"
export * as ChatMasterPacket from "./ChatMasterPacket.ts"
export * from "../Contract.ts"
export type * as Compression from "./Compression.ts"
export type * as JsonFrames from "./JsonFrames.ts"
export type * as JsonSplitter from "../JsonSplitter.ts"
