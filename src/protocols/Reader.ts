/**
 * How a wire language is read: what a carrier brings becomes packets.
 *
 * - A reader knows neither sessions nor steps. Whoever has a stream of reads has a stream of packets with it.
 * - What cannot be read is a packet of its own kind, never an exception.
 */

/** Reads the packets of one peer. `In` is one read of the carrier: bytes, or an event of Socket.IO. */
export interface Reader<In, Packet> {
  /**
   * Takes one read, and gives the packets that are whole with it, in order. What is a view of the read in them is valid
   * until the next call.
   */
  readonly read: (input: In) => ReadonlyArray<Packet>
  /**
   * How long the rest of a packet that has begun may take; undefined if nothing has begun, or silence does not end it.
   * Asked for after each read.
   */
  readonly readTimeoutMillis: number | undefined
  /** Ends a packet that has begun as it is: its rest has not come in time, or nothing more comes. */
  readonly finish: () => ReadonlyArray<Packet>
}
