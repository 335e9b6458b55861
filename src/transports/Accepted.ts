/** What a transport hands over of a peer that has connected. */
import type { Link } from "../protocols/Link.ts"
import type { Carrier } from "./Carrier.ts"
import type { Inbound } from "./Inbound.ts"

/** Where a peer is. */
export interface RemoteAddress {
  /** Its IP address. */
  readonly address: string
  /** Its port, and the address at which it has reached the server. */
  readonly port?: number | undefined
  readonly local?: Link<never>["local"]
}

/** A peer that a transport has just accepted. */
export interface Accepted<In, Frame> {
  readonly carrier: Carrier<Frame>
  readonly inbound: Inbound<In>
  readonly remote: RemoteAddress
  /**
   * Whether whoever has accepted it has a place for it, and has asked the policy; where that is not said, the quota of its
   * address decides, and the policy is asked.
   */
  readonly hasPlace?: boolean | undefined
}
