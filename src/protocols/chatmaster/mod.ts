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
export * from "../Contract.ts"
export type {
  Coded as ChatMasterCoded,
  Command as ChatMasterCommand,
  Message as ChatMasterMessage,
  Misshapen as ChatMasterMisshapen,
  Parameters as ChatMasterParameters,
  Received as ChatMasterReceived,
  Unreadable as ChatMasterUnreadable
} from "./ChatMasterPacket.ts"
export type {
  Container as ChatMasterContainer,
  Limits as ChatMasterLimits,
  Package as ChatMasterPackage,
  Written as ChatMasterWritten
} from "./Compression.ts"
export type { Limits as ChatMasterJsonLimits } from "./JsonFrames.ts"
export type { Limits as JsonSplitterLimits } from "../JsonSplitter.ts"
export type { Options as ChatMasterProtocolOptions } from "./ChatMasterProtocol.ts"
