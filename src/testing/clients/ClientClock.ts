/** The times by which the protocols of scripted clients go: those of the test. */
import { Clock, Effect } from "effect"
import { monotonicMillis } from "../../domain/MonotonicTime.ts"

/** What time it is, for what is shown. */
export const timeOfDay = Effect.map(Clock.Clock, (clock) => () => clock.currentTimeMillisUnsafe())

/** For time-outs and pauses. */
export const monotonicClock = Effect.map(Clock.Clock, (clock) => () => monotonicMillis(clock))
