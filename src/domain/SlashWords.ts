/**
 * Which texts are commands, for the server and its pages.
 *
 * - A command is a slash, a word, and what comes behind a blank. `//join` and its like are texts that begin with `/join`.
 * - A text that is one slip from a command is neither: who says `/mgs bob secret` did not mean everybody to hear it.
 */

/** The words of the chat's own commands. */
export const words = ["join", "leave", "rooms", "who", "msg", "me", "files", "invite", "history", "help"] as const

export type Word = (typeof words)[number]

/** What a text is. */
export type Read<W extends string> =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Command"; readonly word: W; readonly rest: string }
  /** It is no command, but one slip from this one. */
  | { readonly _tag: "NearMiss"; readonly word: W }

const pattern = /^\/(\/?)([A-Za-z][A-Za-z0-9-]{0,31})(?=\s|$)/

const isSameBehind = (a: string, atA: number, b: string, atB: number): boolean => a.slice(atA) === b.slice(atB)

/** Whether one letter more, less or other, or two of them swapped, make one word of the other. */
const isOneSlip = (a: string, b: string): boolean => {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  const isSwapped = a[at] === b[at + 1] && a[at + 1] === b[at] && isSameBehind(a, at + 2, b, at + 2)
  return (
    isSameBehind(a, at + 1, b, at + 1) || isSameBehind(a, at + 1, b, at) || isSameBehind(a, at, b, at + 1) || isSwapped
  )
}

// Too many words are near a short one. But what goes with `msg` is for one alone.
const canBeMissed = (word: string): boolean => word.length >= 4 || word === "msg"

const isNear = (said: string, word: string): boolean => {
  const letters = said.toLowerCase()
  return letters === word || (canBeMissed(word) && isOneSlip(letters, word))
}

/** Reads a text, where there are these commands. */
export const read = <W extends string>(text: string, commands: ReadonlyArray<W>): Read<W> => {
  const match = text.startsWith("/") ? pattern.exec(text) : null
  if (match === null) return { _tag: "Text", text }
  const [{ length }, isEscaped, said] = match as unknown as readonly [string, string, string]
  const exact = commands.find((word) => word === said)
  const near = exact ?? (/^[A-Za-z]{3,}$/.test(said) ? commands.find((word) => isNear(said, word)) : undefined)
  if (near === undefined) return { _tag: "Text", text }
  if (isEscaped !== "") return { _tag: "Text", text: text.slice(1) }
  return exact === undefined
    ? { _tag: "NearMiss", word: near }
    : { _tag: "Command", word: exact, rest: text.slice(length).trim() }
}

/** What is said by `/me`. */
export const inThirdPerson = (name: string, text: string): string => `* ${name} ${text}`
