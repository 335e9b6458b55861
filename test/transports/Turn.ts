import { Effect } from "effect"

/** Lets the event loop turn once. */
export const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
