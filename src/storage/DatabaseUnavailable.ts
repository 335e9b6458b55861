import { Schema } from "effect"

/** The database cannot be used. Its message has no secrets. */
export class DatabaseUnavailable extends Schema.TaggedError<DatabaseUnavailable>()("DatabaseUnavailable", {
  /** The file of a database, or its URL without password and parameters. */
  database: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `Cannot use the database ${this.database}: ${this.reason}`
  }
}
