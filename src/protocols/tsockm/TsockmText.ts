/**
 * What is in the fields of packets.
 *
 * - Original clients read at most 1,024 bytes at once and take them for a packet; what is longer is written in several.
 * - They cut what they read at the first byte 0xAA, and the body at the first `::`. So texts for them are written without, and
 *   names, which other fields lie behind, for everybody.
 */

/** The most bytes of one packet. */
export const packetLimitBytes = 1000

const [lineFeed, carriageReturn, fill] = [0x0a, 0x0d, 0xaa]
const encoder = new TextEncoder()
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })

/** More of a text than this is not looked at to find where a character ends. */
const lookAheadUnits = 64

/** The wide forms of what separates the parts of a body. */
const wide: Readonly<Record<string, string>> = { ":": "\uff1a", "|": "\uff5c", "#": "\uff03" }

const isCut = (text: string): boolean => encoder.encode(text).includes(fill)

/** A character that no receiver cuts at. */
const uncut = (character: string): string => {
  if (!isCut(character)) return character
  const plain = character.normalize("NFKD")
  return isCut(plain) ? "?" : plain
}

/**
 * A name as it stands in packets: never empty, and without `:`, `|`, `#`, control characters and bytes 0xAA.
 *
 * @see PROTOCOL.md § 10
 */
export const name = (text: string): string => {
  const bare = text.replace(/\p{Cc}/gu, "")
  const whole = isCut(bare) ? Array.from(bare, uncut).join("") : bare
  return whole.replace(/[:|#]/g, (mark) => wide[mark] ?? mark) || "?"
}

/** An IPv6 address without `::`, if it is one with it. */
const written = (host: string): string | undefined => {
  const [head = "", tail, ...others] = host.split("::")
  if (tail === undefined || others.length > 0) return undefined
  const [before, behind] = [head, tail].map((part) => (part === "" ? [] : part.split(":")))
  const groups = [...before!, ...behind!]
  const missing = 8 - groups.length - groups.filter((group) => group.includes(".")).length
  return missing < 1 ? undefined : [...before!, ...Array.from({ length: missing }, () => "0"), ...behind!].join(":")
}

const link = /\b[a-z][a-z0-9+.-]{0,15}:\/\/\S+/gi
const host = /^([^/]*\/\/(?:[^/?#@]*@)?\[)([0-9a-f:.]{2,45})(?=\])/i

const shownLink = (url: string): string => {
  const whole = url.replace(host, (_, before: string, address: string) => before + (written(address) ?? address))
  const characters = Array.from(whole, (character) => (isCut(character) ? encodeURIComponent(character) : character))
  return characters.join("").replace(/:(?=:)/g, "%3A")
}

const shownWords = (text: string): string => {
  const whole = isCut(text) ? Array.from(text, uncut).join("") : text
  return whole.replace(/:(?=:)/g, ":\u200b")
}

/**
 * A text that originals show to its end: a character with a byte 0xAA in its plain form or as `?`, and a space without width in
 * `::`; in a link, which is to stay one, both are encoded, and an address is written out.
 *
 * @see PROTOCOL.md § 10
 */
export const shown = (text: string): string => {
  if (!text.includes("::") && !isCut(text)) return text
  let whole = ""
  let at = 0
  for (const { 0: url, index } of text.matchAll(link)) {
    whole += shownWords(text.slice(at, index)) + shownLink(url)
    at = index + url.length
  }
  return whole + shownWords(text.slice(at))
}

/** An address as it stands in packets: dotted, or else a word, because others may hold `::`. */
export const address = (host: string, port: number, word: "client" | "server"): string => {
  const dotted = /^(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(host)?.[1]
  return dotted === undefined ? word : `${dotted}:${port}`
}

const sizeBytes = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4

/** The index behind as many code points from `from` on as `limitBytes` hold. */
const fitting = (text: string, from: number, limitBytes: number): number => {
  let at = from
  let bytes = 0
  while (at < text.length) {
    const codePoint = text.codePointAt(at)!
    bytes += sizeBytes(codePoint)
    if (bytes > limitBytes) break
    at += codePoint > 0xffff ? 2 : 1
  }
  return at
}

/**
 * The pieces of a text that each have at most `limitBytes`, but no fewer than 4; joined they are the text.
 *
 * A character of several code points is only divided if it is longer than a piece. An empty text is one piece.
 *
 * @see PROTOCOL.md § 10
 */
export const split = (text: string, limitBytes: number): ReadonlyArray<string> => {
  if (Buffer.byteLength(text) <= limitBytes) return [text]
  const pieces: Array<string> = []
  let from = 0
  do {
    let end = fitting(text, from, Math.max(limitBytes, 4))
    if (end < text.length) {
      const begun = graphemes.segment(text.slice(from, end + lookAheadUnits)).containing(end - from)
      if (begun !== undefined && begun.index > 0) end = from + begun.index
    }
    pieces.push(text.slice(from, end))
    from = end
  } while (from < text.length)
  return pieces
}

/** Whether the bytes before `end` are a whole character of several bytes. */
const endsCharacter = (bytes: Uint8Array, end: number): boolean => {
  let lead = end - 1
  while (lead > end - 4 && lead > 0 && (bytes[lead]! & 0xc0) === 0x80) lead--
  const first = bytes[lead]!
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
  return length > 1 && end - lead === length
}

/**
 * The text of a packet that came, which has the first `length` bytes, without the bytes 0xAA behind it that belong to no
 * character, and without one line end.
 *
 * What is not UTF-8 is replaced.
 *
 * @see PROTOCOL.md § 4
 */
export const decode = (packet: Buffer, length: number = packet.length): string => {
  let end = length
  while (end > 0 && packet[end - 1] === fill && !endsCharacter(packet, end)) end--
  if (packet[end - 1] === lineFeed) end--
  if (packet[end - 1] === carriageReturn) end--
  return packet.toString("utf8", 0, end)
}
