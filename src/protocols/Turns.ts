/** Answers that go out in the order of their requests, although they come in another. */

/** Gives what goes out now that this answer is there: it, what waited for it, or nothing yet. To be called once. */
export type Answer<Step> = (steps: ReadonlyArray<Step>) => ReadonlyArray<Step>

interface Turn<Step> {
  /** The answer, if it is there. */
  steps: ReadonlyArray<Step> | undefined
  next: Turn<Step> | undefined
}

const nothing: ReadonlyArray<never> = []

/** Begins to keep the order of answers. */
export const make = <Step>() => {
  // The oldest request whose answer has not gone out; each leads to the one behind it.
  let first: Turn<Step> | undefined
  let last: Turn<Step> | undefined

  const takeFirst = (turn: Turn<Step>): void => {
    first = turn.next
    turn.next = undefined
    if (first === undefined) last = undefined
  }

  /** What waited for the answer that goes out now, behind that. */
  const withReady = (steps: ReadonlyArray<Step>): ReadonlyArray<Step> => {
    const ready = [...steps]
    for (let turn = first; turn?.steps !== undefined; turn = first) {
      for (const step of turn.steps) ready.push(step)
      takeFirst(turn)
    }
    return ready
  }

  return {
    /** The turn of a request that has come. */
    next: (): Answer<Step> => {
      const turn: Turn<Step> = { steps: undefined, next: undefined }
      if (last === undefined) first = turn
      else last.next = turn
      last = turn
      return (steps) => {
        if (turn !== first) {
          turn.steps = steps
          return nothing
        }
        takeFirst(turn)
        return first?.steps === undefined ? steps : withReady(steps)
      }
    }
  }
}
