/** What a client of Toss-a-Message sends, as packets. */
import type { Variant } from "./PillowFrames.ts"
import type * as PillowRequest from "./PillowRequest.ts"
import type { Failure } from "./SlipText.ts"

/** How something was written, and where. */
export interface Written {
  readonly variant: Variant
  /** Whether its sender has announced it, be it in an announcement that was refused. */
  readonly isAnnounced: boolean
  /** Whether more of its read lies behind it. */
  readonly hasMore: boolean
}

/**
 * One packet. Files come before their request; whatever file the next `Request`, `Refused` or `Failed` does not name by its
 * ordinal is of no use.
 */
export type TossPacket =
  /** What was announced begins to come, or goes on with another read. */
  | { readonly _tag: "Continued" }
  | {
      readonly _tag: "FileBegan"
      readonly ordinal: number
      readonly path: PillowRequest.Path
      readonly sizeBytes: number
    }
  /** A view of the read; whoever keeps it copies it. */
  | { readonly _tag: "FilePiece"; readonly ordinal: number; readonly bytes: Uint8Array }
  | { readonly _tag: "FileEnded"; readonly ordinal: number; readonly name: string }
  | ({ readonly _tag: "Request"; readonly request: PillowRequest.Request } & Written)
  /** A record that is no request. */
  | ({ readonly _tag: "Refused"; readonly refusal: PillowRequest.Refusal } & Written)
  /** What cannot be read. */
  | ({ readonly _tag: "Failed"; readonly failure: Failure } & Written)
