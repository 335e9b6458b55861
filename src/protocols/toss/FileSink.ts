/** Where the contents of files go that are not kept in their record. */
export interface FileSink {
  /** A content within the limits begins; the answer becomes the file's `ordinal`. */
  readonly begin: (path: ReadonlyArray<string>, sizeBytes: number) => number
  /** The next bytes of the content that has begun. */
  readonly piece: (bytes: Uint8Array) => void
  /** The content is complete and its name known. */
  readonly end: (name: string) => void
}
