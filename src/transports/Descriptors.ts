/**
 * How many connections may be open over all TCP ports, so that descriptors are left for what those who are in ask for:
 * files to store and to send, and the database.
 */
import { Context, Effect, FiberSet, Layer, Predicate } from "effect"
import type { Socket } from "node:net"

const leastKept = 64
const mostKept = 1024
const unlimited = 1_000_000
/** Of the connections that there were when they ran out, how many are left when there is room again. */
const relief = 0.9

/** How many connections a process that may have so many files open may have: all but a quarter, or a thousand. */
export const limitConnections = (limitFiles: number): number => {
  const kept = Math.min(mostKept, Math.max(leastKept, Math.floor(limitFiles / 4)))
  return Math.max(limitFiles - kept, Math.floor(limitFiles / 2))
}

/** How many files this process may have open. */
const limitFiles = Effect.sync((): number => {
  // It would look up the names of all peers.
  Reflect.set(process.report, "excludeNetwork", true)
  const report: unknown = process.report.getReport()
  if (!Predicate.hasProperty(report, "userLimits")) return unlimited
  if (!Predicate.hasProperty(report.userLimits, "open_files")) return unlimited
  const { open_files: limit } = report.userLimits
  return Predicate.hasProperty(limit, "soft") && typeof limit.soft === "number" ? limit.soft : unlimited
})

/** How many connections the process may have, so that descriptors of files are left. */
export class Descriptors extends Context.Service<
  Descriptors,
  {
    /** Counts a connection until its socket is closed; false if there is no room for it. */
    readonly hold: (socket: Socket) => boolean
    /** Says that the system has given no descriptor for a connection. */
    readonly ranOut: () => void
    /** Connections that are open. */
    readonly count: () => number
  }
>()("parlance/transports/Descriptors") {
  /** Has so many connections and no more. */
  static readonly layerLimit = (limit: number): Layer.Layer<Descriptors> =>
    Layer.effect(
      Descriptors,
      Effect.gen(function* () {
        const run = yield* FiberSet.makeRuntime<never, void, never>()
        let open = 0
        // The connections that there were when it was last told that there is no room.
        let full: number | undefined
        const ranOut = (): void => {
          if (full !== undefined) return
          full = open
          const line = Effect.logWarning("No descriptors are left for further connections")
          run(Effect.annotateLogs(line, { connections: open, limit }))
        }
        const release = (): void => {
          open--
          if (full !== undefined && open <= full * relief) full = undefined
        }
        return Descriptors.of({
          hold: (socket) => {
            if (open >= limit) {
              ranOut()
              return false
            }
            open++
            socket.on("close", release)
            return true
          },
          ranOut,
          count: () => open
        })
      })
    )

  /** Has as many connections as the process can have. */
  static readonly layer: Layer.Layer<Descriptors> = Layer.unwrap(
    Effect.map(limitFiles, (limit) => Descriptors.layerLimit(limitConnections(limit)))
  )
}
