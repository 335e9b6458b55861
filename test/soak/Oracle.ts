/**
 * What each member must have heard: of each who speaks, from the first text on that it heard, all texts, in order, each once.
 *
 * What the server says that it has left out for a member need not be heard. A text says who said it and is counted. Whoever is hung up on begins anew, as another one.
 */

/** One stay of a member. */
export interface Stay {
  readonly name: string
  /** The next text that it is to say. */
  readonly next: () => string
  readonly hear: (text: string) => void
  readonly end: () => void
}

export class Oracle {
  readonly problems: Array<string> = []
  readonly #stays = new Map<
    string,
    { said: number; leftOut: number; readonly last: Map<string, number>; readonly before: Map<string, number> }
  >()
  said = 0
  heard = 0

  begin(name: string): Stay {
    const before = new Map([...this.#stays].map(([author, { said }]) => [author, said]))
    const stay = { said: 0, leftOut: 0, last: new Map<string, number>(), before }
    this.#stays.set(name, stay)
    return {
      name,
      next: () => {
        this.said++
        return `${name} ${++stay.said}.`
      },
      hear: (text) => {
        const [, leftOut] = /^(\d+) messages? .*left out here/.exec(text) ?? []
        if (leftOut !== undefined) stay.leftOut += Number(leftOut)
        const [, author, count] = /^(\w+) (\d+)\.$/.exec(text) ?? []
        if (author === undefined || author === name) return
        this.heard++
        const before = stay.last.get(author)
        const number = Number(count)
        const gap = before === undefined ? 0 : number - before - 1
        if (gap > 0 && gap <= stay.leftOut) stay.leftOut -= gap
        else if (gap !== 0) {
          this.problems.push(`${name} heard number ${number} of ${author} behind ${before}`)
        }
        stay.last.set(author, number)
      },
      end: () => void this.#stays.delete(name)
    }
  }

  /** What those who are there have not heard yet of each other. */
  get missing(): ReadonlyArray<string> {
    return [...this.#stays].flatMap(([name, { before, last }]) =>
      [...this.#stays]
        .filter(([author, { said }]) => author !== name && said > (before.get(author) ?? 0))
        .filter(([author, { said }]) => last.get(author) !== said)
        .map(([author, { said }]) => `${name} heard ${last.get(author) ?? 0} of ${said} of ${author}`)
    )
  }

  /** How many are there. */
  get size(): number {
    return this.#stays.size
  }
}
