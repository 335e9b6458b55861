/**
 * Text that no terminal obeys: of the control characters it has line feeds and tabs alone.
 *
 * - A carriage return with its line feed is a line feed.
 * - Any other C0 control is its picture (U+2400 and what follows), DELETE is U+2421, and a C1 control U+FFFD.
 */

const control = /[\p{Cc}--[\t\n]]/v
const controls = /\r\n|[\p{Cc}--[\t\n]]/gv

const pictureOf = (found: string): string => {
  if (found === "\r\n") return "\n"
  const code = found.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? "\u2421" : "\ufffd"
}

/** Makes plain text of what somebody wrote. Plain text stays as it is. */
export const plainText = (text: string): string => (control.test(text) ? text.replace(controls, pictureOf) : text)
