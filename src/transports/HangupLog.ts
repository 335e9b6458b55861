/** What is counted and logged of whom the server hangs up on. */
import { Effect } from "effect"
import { explain, type Hangup } from "../domain/Hangup.ts"
import type { Metrics } from "../services/Metrics.ts"

/** Takes note of a hang-up on a user, or on a peer that is none; `about` is what the line says besides. */
export const note = (
  metrics: Metrics["Service"],
  hangup: Hangup,
  who: string | undefined,
  about: Readonly<Record<string, string>>
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { detail = explain(hangup.reason), reason } = hangup
    metrics.hungUp(reason)
    // Everybody is hung up on when the server stops, which is not worth a line each.
    const line = reason === "stopping" ? Effect.logDebug : Effect.logInfo
    return Effect.annotateLogs(line(`Hung up on ${who ?? "a peer"}`), { ...about, reason, detail })
  })
