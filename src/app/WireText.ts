/** Packets as an operator reads them: a line each. */
import { printable } from "./Printable.ts"

const limitCharacters = 200
const decoder = new TextDecoder()

const decode = (bytes: Uint8Array): string => decoder.decode(bytes.subarray(0, 4 * (limitCharacters + 1)))

const textOf = (packet: unknown): string => {
  if (packet instanceof Uint8Array) return decode(packet)
  if (typeof packet === "string") return packet
  if (typeof packet === "object" && packet !== null && "head" in packet && packet.head instanceof Uint8Array) {
    return `${decode(packet.head)}…`
  }
  try {
    return JSON.stringify(packet, (_, value: unknown) =>
      value instanceof Uint8Array ? `<${value.length} bytes>` : value
    )
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
