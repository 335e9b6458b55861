/** A file that is stored. */
export interface StoredFile {
  readonly number: number
  /** Unguessable, and safe in a URL as it is. */
  readonly id: string
  /** A safe base name. */
  readonly name: string
  readonly sizeBytes: number
  /** The digest of its content, in hexadecimal. */
  readonly sha256: string
  /** When it was kept. */
  readonly atMillis: number
}
