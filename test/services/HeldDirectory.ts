/** A directory on another machine: what it is told waits on the way until the test says so, and stays in its order. */
import { Effect, Layer } from "effect"
import { type Claimant, Directory, type NameClaim } from "../../src/services/Directory.ts"

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
  const claims = new Map<string, Set<NameClaim>>()
  const underway: Array<() => void> = []

  const isFree = (key: string, claimant: Claimant): boolean =>
    Array.from(claims.get(key) ?? []).every((other) => other.claimant === claimant)

  const claim = (wanted: NameClaim): Effect.Effect<boolean> =>
    Effect.callback((resume) => {
      underway.push(() => {
        const isGiven = wanted.keys.every((key) => isFree(key, wanted.claimant))
        if (isGiven) for (const key of wanted.keys) claims.set(key, (claims.get(key) ?? new Set()).add(wanted))
        resume(Effect.succeed(isGiven))
      })
    })

  const isTaken = (keys: ReadonlyArray<string>): Effect.Effect<boolean> =>
    Effect.callback((resume) => {
      underway.push(() => resume(Effect.succeed(keys.some((key) => claims.has(key)))))
    })

  const release = (given: NameClaim): void => {
    underway.push(() => {
      for (const key of given.keys) {
        claims.get(key)?.delete(given)
        if (claims.get(key)?.size === 0) claims.delete(key)
      }
    })
  }

  return {
    layer: Layer.succeed(Directory, {
      claim: isStubborn ? (wanted) => Effect.uninterruptible(claim(wanted)) : claim,
      isTaken,
      release
    }),
    waiting: () => underway.length,
    arrive: (count = underway.length) => {
      for (const arrive of underway.splice(0, count)) arrive()
    },
    taken: () => [...claims.keys()]
  }
}
