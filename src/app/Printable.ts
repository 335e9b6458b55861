/** Text of others that is safe to show on a terminal. */

// Controls, lone surrogates, separators of lines, unassigned and private use, what is drawn as nothing or turns text.
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cn}\p{Co}\p{Bidi_Control}\u00ad\u200b\u2060\ufeff]/gu

const escapes = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"]
])

/** Writes as `\n` or `\u{1b}` what a terminal would obey, or show as nothing. */
export const printable = (text: string): string =>
  text.replace(unprintable, (it) => escapes.get(it) ?? `\\u{${it.codePointAt(0)!.toString(16)}}`)

// East Asian wide and full-width forms, and what is drawn as a picture.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

const segmenter = new Intl.Segmenter()

/** How many columns a printable text takes on a terminal, as near as one can tell. */
export const columns = (text: string): number => {
  if (/^[ -~]*$/.test(text)) return text.length
  let count = 0
  for (const { segment } of segmenter.segment(text)) count += wide.test(segment) ? 2 : 1
  return count
}

/** A table with a line per row, its columns aligned; of the columns named in `right` the ends are. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>, right: ReadonlySet<number> = new Set()): string => {
  const widths: Array<number> = []
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, columns(cell))))
  const line = (row: ReadonlyArray<string>): string =>
    row
      .map((cell, index) => {
        const gap = " ".repeat(widths[index]! - columns(cell))
        return right.has(index) ? gap + cell : cell + gap
      })
      .join("  ")
      .trimEnd()
  return rows.map(line).join("\n")
}
