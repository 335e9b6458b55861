import { Effect } from "effect"

/** Makes what does something in so many milliseconds by the Clock; asked again meanwhile, it does it once. */
export const make = (run: (effect: Effect.Effect<void>) => unknown) => {
  const waiting = new Set<() => void>()
  return (act: () => void, waitMillis: number): void => {
    if (waiting.has(act)) return
    waiting.add(act)
    const done = Effect.sync(() => {
      waiting.delete(act)
      act()
    })
    run(Effect.delay(done, waitMillis))
  }
}
