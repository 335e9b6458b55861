/**
 * One packet of Socket.IO, as a protocol and its carrier hand it to each other.
 *
 * - An `Event` that came in with an `ack` number wants an answer: an `Ack` of that `id`, at most once. The number is the
 *   carrier's own and means something on that connection alone.
 * - A `Disconnect` goes out only, as the last packet. It tells the client not to come back by itself; one whose
 *   connection ends without it tries again.
 * - `args` are plain JSON on the way out. What comes in is whatever the peer sent.
 */
export type SocketIoPacket =
  | { readonly _tag: "Event"; readonly name: string; readonly args: ReadonlyArray<unknown>; readonly ack?: number }
  | { readonly _tag: "Ack"; readonly id: number; readonly args: ReadonlyArray<unknown> }
  | { readonly _tag: "Disconnect" }
