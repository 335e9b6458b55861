/** Addresses in texts. Nothing else in a text means anything: it is shown as it was written. */

export type Part = { readonly text: string; readonly url?: string }

const address = /\b(?:https?:\/\/|www\.)[^\s<>"“”„«»]+/giu
// What ends a sentence rather than an address.
const tail = /[.,;:!?'’*_~…]+$/u
const pairs: ReadonlyArray<readonly [open: string, close: string]> = [
  ["(", ")"],
  ["[", "]"],
  ["{", "}"]
]

const count = (text: string, letter: string): number => text.split(letter).length - 1

// A bracket that the address does not open belongs to the sentence around it.
const trimmed = (found: string): string => {
  let url = found
  for (;;) {
    const shorter = url.replace(tail, "")
    const pair = pairs.find(([open, close]) => shorter.endsWith(close) && count(shorter, close) > count(shorter, open))
    const next = pair === undefined ? shorter : shorter.slice(0, -1)
    if (next === url) return url
    url = next
  }
}

/** Splits a text into links and what is between them. The parts together are the text. */
export const parts = (text: string): ReadonlyArray<Part> => {
  const found: Array<Part> = []
  let at = 0
  for (const match of text.matchAll(address)) {
    const shown = trimmed(match[0])
    const url = /^www\./i.test(shown) ? `https://${shown}` : shown
    if (!URL.canParse(url) || !/^(?:https?:\/\/|www\.)./i.test(shown)) continue
    if (match.index > at) found.push({ text: text.slice(at, match.index) })
    found.push({ text: shown, url: new URL(url).href })
    at = match.index + shown.length
  }
  if (at < text.length) found.push({ text: text.slice(at) })
  return found
}
