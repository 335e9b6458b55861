/** A turn that ends when the test says so. */
import type { Turn } from "../../src/services/Turn.ts"

export interface HeldTurn {
  readonly turn: Turn
  /** What waits for longer than this turn, and the milliseconds for which it was first asked to. */
  readonly waiting: ReadonlyMap<() => void, number>
  /** How much waits for the end. */
  readonly count: () => number
  /** Does what was to be done at the end of this turn; another one begins. */
  readonly end: () => void
  /** Does what waits for longer. */
  readonly pass: () => void
}

export const make = (): HeldTurn => {
  const acts = new Set<() => void>()
  const waiting = new Map<() => void, number>()
  const end = (): void => {
    for (const act of acts) {
      acts.delete(act)
      act()
    }
  }
  const pass = (): void => {
    for (const act of waiting.keys()) {
      waiting.delete(act)
      act()
    }
  }
  const after = (act: () => void, waitMillis: number): void => {
    if (!waiting.has(act)) waiting.set(act, waitMillis)
  }
  return { turn: { atEnd: (act) => void acts.add(act), after }, waiting, count: () => acts.size, end, pass }
}
