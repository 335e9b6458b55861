/** How much is normalised, which takes the square of its length if it is chosen badly. */
import { vi } from "@effect/vitest"

/** A text of so many UTF-16 units that takes as long to be normalised as any. */
export const hostile = (units: number): string => `a${"\u0315".repeat((units - 1) >> 1)}${"\u0316".repeat(units >> 1)}`

/** A text that nobody can wait for to be normalised. */
export const endless = hostile(10_000_001)

/** Counts the units of all that is normalised, until it is restored. */
export const count = () => {
  let units = 0
  const normalize = String.prototype.normalize
  const spy = vi.spyOn(String.prototype, "normalize").mockImplementation(function (this: string, form?: string) {
    units += this.length
    return Reflect.apply(normalize, this, [form])
  })
  return { units: () => units, restore: () => spy.mockRestore() }
}
