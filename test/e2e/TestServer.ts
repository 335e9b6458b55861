import { Effect, Layer, Logger } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Server, type SettingsInput } from "../../src/mod.ts"

/** A folder that goes with the scope. */
const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parlance-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** A real server on free ports, which logs to `loggers`. */
export const layer = (overrides?: SettingsInput, loggers: ReadonlyArray<Logger.Logger<unknown, void>> = []) =>
  Layer.unwrap(
    Effect.map(folder, (dataDir) =>
      Server.layer({
        tossPort: 0,
        tsockmPort: 0,
        chatmasterPort: 0,
        packetPort: 0,
        httpPort: 0,
        floodRate: 0,
        dataDir,
        ...overrides
      }).pipe(Layer.provide(Logger.layer(loggers)))
    )
  )

/** The address of a protocol. */
export const urlOf = Effect.fnUntraced(function* (protocol: string) {
  const { addresses } = yield* Server
  const address = addresses.find((it) => it.protocol === protocol)
  return address === undefined ? yield* Effect.die(`${protocol} is not served`) : address.url
})
