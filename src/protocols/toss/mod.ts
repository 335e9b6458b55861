/**
 * The protocol of Toss-a-Message: its Schemas, what decodes and encodes them in both directions, and the protocol that a server can serve.
 *
 * @see PROTOCOL.md
 * @module
 */
export * as Toss from "./Toss.ts"
export * as TossProtocol from "./TossProtocol.ts"
export * as TossReader from "./TossReader.ts"
export * as TossPacket from "./TossPacket.ts"
export * as PillowRequest from "./PillowRequest.ts"
export * as PillowResponse from "./PillowResponse.ts"
export * as SlipLimits from "./SlipLimits.ts"
export * as SlipValue from "./SlipValue.ts"
export * from "../Contract.ts"
export type { Variant as TossVariant } from "./PillowFrames.ts"
export type { Failure as SlipFailure } from "./SlipText.ts"
export type {
  Errors as TossErrors,
  Path as TossPath,
  Refusal as TossRefusal,
  Request as TossRequest
} from "./PillowRequest.ts"
export type { SlipLimits as TossLimits } from "./SlipLimits.ts"
export type { SlipFile, SlipRecord, SlipValue as SlipContent } from "./SlipValue.ts"
export type { TossPacket as TossReceived, Written as TossWritten } from "./TossPacket.ts"
export type { Options as TossProtocolOptions } from "./TossProtocol.ts"
