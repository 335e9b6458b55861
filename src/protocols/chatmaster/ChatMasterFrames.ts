/**
 * Packages for the wire.
 *
 * - One package is one frame: compact JSON in UTF-8 without a terminator, as it is or compressed by itself.
 * - A plain package stays under {@link plainLimitBytes}, because the original client drops the connection when one
 *   does not arrive in a single read of 64 KiB. A text is divided for that and nothing of it is lost.
 */
import { deflateSync, gzipSync } from "node:zlib"
import * as Slab from "../Slab.ts"
import type { Container } from "./Compression.ts"
import type { Request } from "./ChatMasterPackage.ts"
import type { ServerPackage } from "./ChatMasterPacket.ts"

/** The longest JSON of a package to a peer that may be the original. */
export const plainLimitBytes = 60_000

// What a package has around its text or lists: keys, and names of 64 characters with every one of them escaped.
const envelopeBytes = 2_000
const contentLimitBytes = plainLimitBytes - envelopeBytes

/**
 * The bytes of one package: plain (0), as a zlib stream (1) or as a gzip member (2).
 *
 * @see PROTOCOL.md § 9
 */
export const encode = (written: Request | ServerPackage, container: Container): Uint8Array => {
  const json = Slab.encode(JSON.stringify(written))
  switch (container) {
    case 0:
      return json
    case 1:
      return deflateSync(json)
    case 2:
      return gzipSync(json)
  }
}

/** How many bytes a code point takes in a JSON string. */
const jsonBytes = (character: string): number => {
  const code = character.codePointAt(0)!
  if (code < 0x20) return code === 0x0b || code < 0x08 || code > 0x0d ? 6 : 2
  if (code === 0x22 || code === 0x5c) return 2
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  if (code >= 0xd800 && code <= 0xdfff) return 6
  return code < 0x10000 ? 3 : 4
}

/**
 * Divides a text between code points into pieces that fit a package each; a text that fits is one piece.
 *
 * @see PROTOCOL.md § 7
 */
export const divide = (text: string): ReadonlyArray<string> => {
  // No UTF-16 unit takes more than six bytes.
  if (text.length * 6 <= contentLimitBytes) return [text]
  const pieces: Array<string> = []
  let from = 0
  let at = 0
  let bytes = 0
  for (const character of text) {
    const more = jsonBytes(character)
    if (bytes + more > contentLimitBytes) {
      pieces.push(text.slice(from, at))
      from = at
      bytes = 0
    }
    bytes += more
    at += character.length
  }
  pieces.push(text.slice(from))
  return pieces
}

/**
 * As many of the names, from the first on, as fit a package that holds the list twice.
 *
 * @see PROTOCOL.md § 6
 */
export const fitting = (names: ReadonlyArray<string>): ReadonlyArray<string> => {
  let bytes = 0
  for (const [index, name] of names.entries()) {
    bytes += 3
    for (const character of name) bytes += jsonBytes(character)
    if (bytes * 2 > contentLimitBytes) return names.slice(0, index)
  }
  return names
}
