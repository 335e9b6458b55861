/**
 * Packets without the numbers by which sessions and transfers are known, which their Schemas mark.
 *
 * Of such a number the last bit stays, because it is what tells the two kinds of transfers apart.
 */
import type { Masks } from "../Protocol.ts"
import { layoutAt, requests, responses, type Layout } from "./PacketLayout.ts"
import type { Received } from "./PacketReader.ts"

const secretNames = ({ fields }: Layout): ReadonlyArray<string> =>
  fields.flatMap(([name, { isSecret }]) => (isSecret ? [name] : []))

/** A request without its secrets. */
const packet = (received: Received): Received => {
  const layout = requests.byTag.get(received._tag)
  const names = layout === undefined ? [] : secretNames(layout)
  if (names.length === 0) return received
  const masked: Record<string, unknown> = { ...received }
  for (const name of names) masked[name] = BigInt(masked[name] as bigint) & 1n
  return masked as unknown as Received
}

/** A response without its secrets. */
const frame = (bytes: Uint8Array): Uint8Array => {
  const layout = layoutAt(responses, bytes, 0, bytes.length)
  if (typeof layout !== "object" || secretNames(layout).length === 0) return bytes
  const masked = bytes.slice()
  let at = 2
  for (const [, { fixedBytes, isSecret }] of layout.fields) {
    const last = at + fixedBytes - 1
    if (isSecret) masked.fill(0, at, last).fill(masked[last]! & 1, last, last + 1)
    at = last + 1
  }
  return masked
}

/** What observers are shown of the protocol. */
export const masks: Masks<Received, Uint8Array> = { packet, frame }
