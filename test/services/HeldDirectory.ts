/** A directory on another machine: what it is told waits on the way until the test says so, and stays in its order. */
import { Effect, Layer } from "effect"
import { type Claimant, Directory } from "../../src/services/Directory.ts"

export interface HeldDirectory {
  readonly layer: Layer.Layer<Directory>
  /** How much is on the way to the directory. */
  readonly waiting: () => number
  /** Lets what is on the way arrive, or the first of it. Claims are answered then. */
  readonly arrive: (count?: number) => void
  /** The keys of the names that are taken, in their order. */
  readonly taken: () => ReadonlyArray<string>
}

export interface Options {
  /** Whether a claim that has been sent is waited for, however much its fiber is interrupted. */
  readonly isStubborn?: boolean
}

export const make = ({ isStubborn = false }: Options = {}): HeldDirectory => {
  const claimants = new Map<string, Claimant>()
  const underway: Array<() => void> = []

  const claim = (key: string, claimant: Claimant): Effect.Effect<boolean> =>
    Effect.callback((resume) => {
      underway.push(() => {
        const isOurs = !claimants.has(key)
        if (isOurs) claimants.set(key, claimant)
        resume(Effect.succeed(isOurs))
      })
    })

  const isTaken = (keys: ReadonlyArray<string>): Effect.Effect<boolean> =>
    Effect.callback((resume) => {
      underway.push(() => resume(Effect.succeed(keys.some((key) => claimants.has(key)))))
    })

  const release = (key: string, claimant: Claimant): void => {
    underway.push(() => {
      if (claimants.get(key) === claimant) claimants.delete(key)
    })
  }

  return {
    layer: Layer.succeed(Directory, {
      claim: isStubborn ? (key, claimant) => Effect.uninterruptible(claim(key, claimant)) : claim,
      isTaken,
      release
    }),
    waiting: () => underway.length,
    arrive: (count = underway.length) => {
      for (const arrive of underway.splice(0, count)) arrive()
    },
    taken: () => [...claimants.keys()]
  }
}
