/**
 * What a file is called when it leaves the server: a base name that is safe on every system.
 *
 * - No path; no control, bidirectional or invisible characters; nothing that Windows refuses or takes for a device, and
 *   nothing at its start that a command takes for an option or a home.
 * - At most {@link limitBytes} bytes of UTF-8; what is too long loses the end of its stem and keeps its extension.
 */

/** The longest name, in bytes of UTF-8: what common file systems take. */
export const limitBytes = 255

const fallback = "file"

// Controls, separators of lines, unassigned and private use; what is not seen but for the joiners that scripts and emoji
// need; bidirectional controls; and what Windows refuses.
const unsafe =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cn}\p{Co}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb<>:"|?*]/gu
const edges = /^[\s.]+|[\s.]+$/gu
const special = /^(?=[-~]|(?:con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])\s*(?:\.|$))/iu
const longestExtensionUnits = 32
// Of a longer text only the start and the end are looked at, whatever work the rest would make.
const startUnits = 960
const endUnits = 64

const utf8 = new TextEncoder()
const sizeBytes = (text: string): number => utf8.encode(text).length

const baseName = (text: string): string => {
  const base = text.slice(Math.max(text.lastIndexOf("/"), text.lastIndexOf("\\")) + 1)
  return base.length <= startUnits + endUnits ? base : base.slice(0, startUnits) + base.slice(-endUnits)
}

const shortened = (name: string): string => {
  if (sizeBytes(name) <= limitBytes) return name
  const dot = name.lastIndexOf(".")
  const extension = dot > 0 && name.length - dot <= longestExtensionUnits ? name.slice(dot) : ""
  const room = limitBytes - sizeBytes(extension)
  let stem = ""
  let used = 0
  for (const character of name.slice(0, name.length - extension.length)) {
    used += sizeBytes(character)
    if (used > room) break
    stem += character
  }
  return (stem + extension).replace(edges, "")
}

/** Makes a safe base name of what somebody called a file. Never empty; a safe name stays as it is. */
export const fileName = (text: string): string => {
  const clean = baseName(text).toWellFormed().normalize("NFC").replace(unsafe, "_").replace(edges, "")
  if (clean === "") return fallback
  // What has lost the end of its stem may have become special.
  return shortened(shortened(clean.replace(special, "_")).replace(special, "_"))
}
