/**
 * Who has which name, for all that share one name space.
 *
 * - A name is claimed before anything is done with it. A claim may take time: what answers it may be another machine.
 * - A name has several keys, all of which are claimed at once: that by which it is found, and those of its look-alikes.
 * - A claimant may claim further names, which may look like those that he has.
 * - A claim that is interrupted, or answered after its claimant has ended, is given back by `release`.
 */
import { Context, Effect, Layer } from "effect"

/** Whoever claims names: an object that nobody else has. */
export type Claimant = object

/** The claim of one name. */
export interface NameClaim {
  /** The keys of the name, each of them once. */
  readonly keys: ReadonlyArray<string>
  readonly claimant: Claimant
}

/** The port to who has which name, for all that share one name space. */
export class Directory extends Context.Service<
  Directory,
  {
    /** Gives a claimant all keys of a name; false, and he gets none, if somebody else has one of them. */
    readonly claim: (claim: NameClaim) => Effect.Effect<boolean>
    /** Whether somebody has a name at this moment by one of these keys, which are all of that name. */
    readonly isTaken: (keys: ReadonlyArray<string>) => Effect.Effect<boolean>
    /**
     * Gives back what this very claim has got, or will have when it is answered. A key stays the claimant's if another claim of
     * his has it too. Returns at once.
     */
    readonly release: (claim: NameClaim) => void
  }
>()("parlance/services/Directory") {
  /** Knows the names of this process; every claim is answered at once. */
  static readonly layer = Layer.sync(Directory, () => {
    const claims = new Map<string, ReadonlyArray<NameClaim>>()
    const isFree = (key: string, claimant: Claimant): boolean =>
      (claims.get(key)?.[0]?.claimant ?? claimant) === claimant
    return Directory.of({
      claim: (claim) =>
        Effect.sync(() => {
          if (!claim.keys.every((key) => isFree(key, claim.claimant))) return false
          for (const key of claim.keys) claims.set(key, [...(claims.get(key) ?? []), claim])
          return true
        }),
      isTaken: (keys) => Effect.sync(() => keys.some((key) => claims.has(key))),
      release: (claim) => {
        for (const key of claim.keys) {
          const others = claims.get(key)?.filter((other) => other !== claim) ?? []
          if (others.length === 0) claims.delete(key)
          else claims.set(key, others)
        }
      }
    })
  })
}
