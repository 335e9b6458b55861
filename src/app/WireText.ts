/** Packets as an operator reads them: a line each. */
import { printable } from "./Printable.ts"

const limitCharacters = 200
const decoder = new TextDecoder()

const decode = (bytes: Uint8Array): string => decoder.decode(bytes.subarray(0, 4 * (limitCharacters + 1)))

// The pieces of a file would fill the screen, and say nothing.
const isPiece = (packet: object): boolean => "_tag" in packet && /Chunk|Piece/.test(String(packet._tag))

// Bytes are the packet's own text, or somebody's file.
const jsonOf = (packet: object): string =>
  JSON.stringify(packet, function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
    const own = this[key]
    if (own instanceof Uint8Array) return this === packet && !isPiece(packet) ? decode(own) : `<${own.length} bytes>`
    if (typeof own === "bigint") return String(own)
    if (own instanceof Map) return Object.fromEntries(own)
    return this === packet && key === "_tag" ? undefined : value
  })

const textOf = (packet: unknown): string => {
  if (packet instanceof Uint8Array) return decode(packet)
  if (typeof packet !== "object" || packet === null) return String(packet)
  if ("head" in packet && packet.head instanceof Uint8Array) return `${decode(packet.head)}…`
  try {
    return "_tag" in packet ? `${packet._tag} ${jsonOf(packet)}` : jsonOf(packet)
  } catch {
    // What came in may be anything, also what cannot be written as JSON.
    return Object.prototype.toString.call(packet)
  }
}

const cut = (text: string): string => {
  const [shown = ""] = new RegExp(`^.{0,${limitCharacters}}`, "su").exec(text) ?? []
  return shown.length < text.length ? `${shown}…` : text
}

/** A line for a packet: where it goes, whose it is, and its text as far as it is short and printable. */
export const wireText = (direction: "in" | "out", who: string, packet: unknown): string =>
  `${direction === "in" ? "<-" : "->"} ${printable(who)}: ${cut(printable(textOf(packet)))}`
