/** What a conversation on the page consists of. Times are in milliseconds since 1970, by the server's clock. */

/** By what wire protocol somebody speaks. */
export type Speech = string

/** A file that can be fetched at `url`. */
export interface SharedFile {
  readonly name: string
  readonly sizeBytes: number
  readonly url: string
}

/** How far a message of one's own has come. */
export type Delivery = "waiting" | "sending" | "sent" | "failed"

export interface Said {
  readonly kind: "said"
  /** Stays the same when a message of one's own gets its number. */
  readonly key: string
  readonly from: string
  readonly protocol: Speech | undefined
  readonly text: string
  readonly atMillis: number
  /** By which the server knows it, once it does. */
  readonly number: number | undefined
  readonly isOwn: boolean
  readonly file: SharedFile | undefined
  readonly delivery: Delivery
  /** Why it was refused. */
  readonly fault: string | undefined
}

/** Somebody came, went, or has another name. */
export interface Moved {
  readonly kind: "moved"
  readonly key: string
  readonly move: "joined" | "left" | "renamed"
  readonly name: string
  readonly oldName: string | undefined
  readonly atMillis: number
}

/** A word of the server, or of the page itself. */
export interface Noted {
  readonly kind: "noted"
  readonly key: string
  readonly text: string
  readonly atMillis: number
}

export type Entry = Said | Moved | Noted
