import { Context } from "effect"

/** Takes note of what comes from a peer and of what is queued for it. `packet` is what its protocol reads or writes. */
export type Recorder = (direction: "in" | "out", who: string, packet: unknown) => void

/** Where packets are recorded, if anywhere. It is asked for each packet, so that recording can begin at any time. */
export interface WireLog {
  readonly record: Recorder | undefined
}

export const WireLog: Context.Reference<WireLog> = Context.Reference<WireLog>("parlance/transports/WireLog", {
  defaultValue: () => ({ record: undefined })
})
