/**
 * Parlance for tests: peers and a bad network in memory, and what every protocol must do.
 *
 * @module
 */
export * as Clients from "./clients/Clients.ts"
export { conformance } from "./Conformance.ts"
export { ConformanceFailure } from "./ConformanceFailure.ts"
export * as Deadline from "./Deadline.ts"
export * as LossyNetwork from "./LossyNetwork.ts"
export * as Peer from "./Peer.ts"
export * as Samples from "./Samples.ts"
export * as SkewedClock from "./SkewedClock.ts"
export type { Connect, Subject, SubjectOf } from "./Subject.ts"
