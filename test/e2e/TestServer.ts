import { Effect, Layer, Logger } from "effect"
import { Server, Settings } from "../../src/mod.ts"

/** A real server on free ports, which logs to `loggers`. */
export const layer = (
  overrides?: Parameters<typeof Settings.layer>[0],
  loggers: ReadonlyArray<Logger.Logger<unknown, void>> = []
) =>
  Server.layer.pipe(
    Layer.provide(Settings.layer({ chatmasterPort: 0, httpPort: 0, floodRate: 0, ...overrides })),
    Layer.provide(Logger.layer(loggers))
  )

/** The address of a protocol. */
export const urlOf = Effect.fnUntraced(function* (protocol: string) {
  const { addresses } = yield* Server
  const address = addresses.find((it) => it.protocol === protocol)
  return address === undefined ? yield* Effect.die(`${protocol} is not served`) : address.url
})
