/**
 * Parlance for tests: peers and a bad network in memory, and what every protocol must do.
 *
 * @module
 */
export * as Clients from "./clients/Clients.ts"
export { conformance } from "./Conformance.ts"
export { ConformanceFailure, type Failure } from "./ConformanceFailure.ts"
export * as Deadline from "./Deadline.ts"
export * as LossyNetwork from "./LossyNetwork.ts"
export * as Peer from "./Peer.ts"
export { type Peer as TestPeer, PeerGone, type Provided, type Services as TestServices } from "./Peer.ts"
export * as Samples from "./Samples.ts"
export * as SkewedClock from "./SkewedClock.ts"
export type { Connect, Subject, SubjectOf } from "./Subject.ts"
export type { Response as TossClientResponse } from "./clients/TossWire.ts"
export { NothingCame } from "./Deadline.ts"
export type { Test } from "./Stage.ts"
export type { ChannelList, Notification, Presence, Renaming, ServerPackage } from "./clients/ChatMasterClient.ts"
export type { Answer as SocketsAnswer, ServerEvent as SocketsServerEvent } from "./clients/SocketsClient.ts"
