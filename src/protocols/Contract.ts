/** What a protocol and its server agree upon, which the door of every protocol gives. */
export * from "../domain/Vocabulary.ts"
export type { Exchange, Send, SendAll } from "./Exchange.ts"
export type { Link, LinkOutbox } from "./Link.ts"
export type { ByteFrame, ByteProtocol, Conversation, Datagrams, FileFrame, Protocol } from "./Protocol.ts"
export * as Reader from "./Reader.ts"
export type { Batch, Inflated, Reader as ProtocolReader, Reads, TimedReader } from "./Reader.ts"
export type { SocketIoPacket } from "./SocketIoPacket.ts"
export type { ImmediateStep, Step, Steps } from "./Step.ts"
