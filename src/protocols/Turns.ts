/** Answers that go out in the order of their requests, although they come in another. */

/** Gives what goes out now that this answer is there: it, what waited for it, or nothing yet. To be called once. */
export type Answer<Step> = (steps: ReadonlyArray<Step>) => ReadonlyArray<Step>

/** Begins to keep the order of answers. */
export const make = <Step>() => {
  // The answers of the requests that have none yet or wait for one, oldest first.
  const waiting: Array<{ steps: ReadonlyArray<Step> | undefined }> = []

  const takeReady = (): ReadonlyArray<Step> => {
    const end = waiting.findIndex(({ steps }) => steps === undefined)
    return waiting.splice(0, end < 0 ? waiting.length : end).flatMap(({ steps }) => steps!)
  }

  return {
    /** The turn of a request that has come. */
    next: (): Answer<Step> => {
      const turn: (typeof waiting)[number] = { steps: undefined }
      waiting.push(turn)
      return (steps) => {
        turn.steps = steps
        return takeReady()
      }
    }
  }
}
