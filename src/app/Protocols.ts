/** The protocols with what they need of the runtime: clocks and chance. */
import Sqids from "sqids"
import { Clock, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import * as ChatMasterProtocol from "../protocols/chatmaster/ChatMasterProtocol.ts"
import * as PacketProtocol from "../protocols/packet/PacketProtocol.ts"
import * as SocketsProtocol from "../protocols/sockets/SocketsProtocol.ts"
import * as TossProtocol from "../protocols/toss/TossProtocol.ts"
import * as TsockmId from "../protocols/tsockm/TsockmId.ts"
import * as TsockmProtocol from "../protocols/tsockm/TsockmProtocol.ts"

/** What may be set of toss. */
export type TossOptions = Omit<TossProtocol.Options, "nowMillis">
/** What may be set of tsockm. */
export type TsockmOptions = Omit<TsockmProtocol.Options, "nowMillis" | "randomBytes" | "encoder">
/** What may be set of chatmaster. */
export type ChatMasterOptions = Partial<ChatMasterProtocol.Options>
/** What may be set of packet. */
export type PacketOptions = Omit<PacketProtocol.Options, "nowMillis" | "random">

/** For what is shown. */
const timeOfDay = Effect.map(Clock.Clock, (clock) => () => clock.currentTimeMillisUnsafe())

/** For time-outs and pauses. */
const monotonicClock = Effect.map(Clock.Clock, (clock) => () => monotonicMillis(clock))

/** 64 random bits that nobody can guess. */
const random = (): bigint => new DataView(SecureRandom.randomBytesUnsafe(8).buffer).getBigUint64(0)

export const toss = (options: TossOptions = {}) =>
  Effect.map(timeOfDay, (nowMillis) => TossProtocol.make({ ...options, nowMillis }))

export const tsockm = (options: TsockmOptions = {}) =>
  Effect.map(monotonicClock, (nowMillis) =>
    TsockmProtocol.make({
      ...options,
      nowMillis,
      randomBytes: SecureRandom.randomBytesUnsafe,
      encoder: new Sqids(TsockmId.options)
    })
  )

export const chatmaster = (options: ChatMasterOptions = {}) => Effect.sync(() => ChatMasterProtocol.make(options))

export const packet = (options: PacketOptions = {}) =>
  Effect.map(monotonicClock, (nowMillis) => PacketProtocol.make({ ...options, nowMillis, random }))

export const sockets = Effect.sync(SocketsProtocol.make)
