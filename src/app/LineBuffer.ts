/** Splits text that comes in pieces into lines. Of a line over the limit, no more is kept than shows that it is over. */
export class LineBuffer {
  readonly #limit: number
  readonly #decoder = new TextDecoder()
  #rest = ""

  /** `limit` is in UTF-16 units. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes bytes of UTF-8, and gives the lines that end in them. */
  push(bytes: Uint8Array): ReadonlyArray<string> {
    return this.#take(this.#decoder.decode(bytes, { stream: true }))
  }

  /** Gives what is left: a line without an end. */
  end(): ReadonlyArray<string> {
    const lines = this.#take(this.#decoder.decode())
    const last = this.#rest
    this.#rest = ""
    return last === "" ? lines : [...lines, last]
  }

  #take(text: string): ReadonlyArray<string> {
    const [first = "", ...more] = text.split("\n")
    const lines: Array<string> = []
    this.#add(first)
    for (const piece of more) {
      lines.push(this.#rest.replace(/\r$/, ""))
      this.#rest = ""
      this.#add(piece)
    }
    return lines
  }

  #add(text: string): void {
    const room = this.#limit + 1 - this.#rest.length
    if (room > 0) this.#rest += text.slice(0, room)
  }
}
