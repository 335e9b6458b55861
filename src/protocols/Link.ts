/** What carries packets to a peer and from it: a connection, or an address to which datagrams go. */
export interface Link<Frame> {
  /** The same for the same peer, and for no other. */
  readonly id: string
  /** The peer's IP address. */
  readonly address: string
  /** The peer's port, and the address at which it has reached the server, where they are known. */
  readonly port?: number | undefined
  readonly local?: { readonly address: string; readonly port: number } | undefined
  /** Whether what is sent arrives, once and in order. */
  readonly isReliable: boolean
  readonly send: (frame: Frame) => void
  /** Sends a frame that many are sent; cheaper than `send`, where there is something to be saved. */
  share?(frame: Frame): void
  /** The same for several. */
  shareAll?(frames: ReadonlyArray<Frame>): void
  /** What waits to be sent by it, if there is something to be known of that. */
  readonly outbox?: LinkOutbox
  /** Ends a connection when what was sent has gone out. An address has no end. */
  readonly end?: () => void
}

/** What waits to be sent by a link. */
export interface LinkOutbox {
  /** In how long, for all that is known, what is sent now goes out, in milliseconds. */
  readonly queueMillis: number
  /** Whether the peer has not taken yet what it was sent. */
  readonly isStuck: boolean
}

/** The link of a peer that is not served: what is sent by it is lost. */
export const nowhere: Link<unknown> = { id: "nowhere", address: "", isReliable: true, send: () => {} }
