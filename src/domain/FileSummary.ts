import { Schema } from "effect"

/** A shared file as a list shows it to somebody who may see it. */
export const FileSummary = Schema.Struct({
  number: Schema.Int,
  name: Schema.String,
  sizeBytes: Schema.Int
})
export type FileSummary = typeof FileSummary.Type
