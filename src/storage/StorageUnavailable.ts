import { Schema } from "effect"

/** Nothing can be stored where things are to be stored. */
export class StorageUnavailable extends Schema.TaggedError<StorageUnavailable>()("StorageUnavailable", {
  directory: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `Cannot store anything in ${this.directory}: ${this.reason}`
  }
}
