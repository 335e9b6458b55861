/** The protocols, as the settings want them. */
import Sqids from "sqids"
import { Clock, Duration, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import * as ChatMasterProtocol from "../protocols/chatmaster/ChatMasterProtocol.ts"
import * as PacketProtocol from "../protocols/packet/PacketProtocol.ts"
import * as SocketsProtocol from "../protocols/sockets/SocketsProtocol.ts"
import * as TossProtocol from "../protocols/toss/TossProtocol.ts"
import * as TsockmId from "../protocols/tsockm/TsockmId.ts"
import * as TsockmProtocol from "../protocols/tsockm/TsockmProtocol.ts"
import { Settings } from "./Settings.ts"

/** For what is shown. */
const timeOfDay = Effect.map(Clock.Clock, (clock) => () => clock.currentTimeMillisUnsafe())

/** For time-outs and pauses. */
const monotonicClock = Effect.map(Clock.Clock, (clock) => () => monotonicMillis(clock))

/** 64 random bits that nobody can guess. */
const random = (): bigint => new DataView(SecureRandom.randomBytesUnsafe(8).buffer).getBigUint64(0)

export const toss = Effect.gen(function* () {
  const { fileLimitBytes, jsonDepthLimit, pacing, tossGapMillis } = yield* Settings
  return TossProtocol.make({
    nowMillis: yield* timeOfDay,
    gapMillis: pacing ? tossGapMillis : 0,
    limits: { depthLimit: jsonDepthLimit, fileLimitBytes }
  })
})

export const tsockm = Effect.gen(function* () {
  const { outboxLimitBytes, pacing, tsockmCheckSeconds, tsockmGapMillis } = yield* Settings
  return TsockmProtocol.make({
    nowMillis: yield* monotonicClock,
    randomBytes: SecureRandom.randomBytesUnsafe,
    encoder: new Sqids(TsockmId.options),
    gapMillis: pacing ? tsockmGapMillis : 0,
    queueLimitBytes: outboxLimitBytes,
    checkMillis: tsockmCheckSeconds * 1000
  })
})

export const chatmaster = Effect.map(Settings, ({ jsonDepthLimit, packageLimitBytes, pacing }) =>
  ChatMasterProtocol.make({
    gapMillis: pacing ? ChatMasterProtocol.defaults.gapMillis : 0,
    packageLimitBytes,
    inflatedLimitBytes: packageLimitBytes,
    depthLimit: jsonDepthLimit
  })
)

export const packet = Effect.gen(function* () {
  const { outboxLimitBytes, sessionTimeout, uploadTimeout } = yield* Settings
  return PacketProtocol.make({
    nowMillis: yield* monotonicClock,
    random,
    sessionTimeoutMillis: Duration.toMillis(sessionTimeout),
    transferTimeoutMillis: Duration.toMillis(uploadTimeout),
    queueLimitBytes: outboxLimitBytes
  })
})

export const sockets = Effect.sync(SocketsProtocol.make)
