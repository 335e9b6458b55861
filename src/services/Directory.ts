/**
 * Who has which name, for all that share one name space.
 *
 * - A name is claimed before anything is done with it. A claim may take time: what answers it may be another machine.
 * - A claim that is interrupted, or answered after its claimant has ended, is given back by `release`.
 */
import { Context, Effect, Layer } from "effect"

/** Whoever claims a name: an object that nobody else has. */
export type Claimant = object

export class Directory extends Context.Service<
  Directory,
  {
    /** Gives a claimant a name by its look-alike key; false if somebody else has it. */
    readonly claim: (key: string, claimant: Claimant) => Effect.Effect<boolean>
    /** Whether somebody has a name at this moment by one of these keys, which are all of that name. */
    readonly isTaken: (keys: ReadonlyArray<string>) => Effect.Effect<boolean>
    /** Gives a name back, if the claimant has it or a claim of his is still being answered. Returns at once. */
    readonly release: (key: string, claimant: Claimant) => void
  }
>()("parlance/services/Directory") {
  /** Knows the names of this process; every claim is answered at once. */
  static readonly layer = Layer.sync(Directory, () => {
    const claimants = new Map<string, Claimant>()
    return Directory.of({
      claim: (key, claimant) =>
        Effect.sync(() => {
          if (claimants.has(key)) return false
          claimants.set(key, claimant)
          return true
        }),
      isTaken: (keys) => Effect.sync(() => keys.some((key) => claimants.has(key))),
      release: (key, claimant) => {
        if (claimants.get(key) === claimant) claimants.delete(key)
      }
    })
  })
}
