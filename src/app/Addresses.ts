/** The addresses on which the server listens. */
import { Context, Layer } from "effect"
import type { Address } from "./Address.ts"

export class Addresses extends Context.Service<
  Addresses,
  {
    /** Takes a place for a listener: its addresses come where it has asked for that. To be called with them once. */
    readonly reserve: () => (addresses: ReadonlyArray<Address>) => void
    /** All addresses so far. */
    readonly all: () => ReadonlyArray<Address>
  }
>()("parlance/app/Addresses") {
  static readonly layer = Layer.sync(Addresses, () => {
    const places: Array<ReadonlyArray<Address>> = []
    return Addresses.of({
      reserve: () => {
        const place = places.push([]) - 1
        return (addresses) => {
          places[place] = addresses
        }
      },
      all: () => places.flat()
    })
  })
}
