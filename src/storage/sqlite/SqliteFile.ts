import { accessSync, closeSync, constants, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync, type DatabaseSyncOptions } from "node:sqlite"
import { codeOf } from "../SystemError.ts"

/**
 * Makes an empty file if there is none, else checks that it and its log can be written, which SQLite reports later and less
 * clearly. A file that is there is not opened here: closing it would release the locks that this process has on it.
 */
export const makeFile = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true })
  try {
    closeSync(openSync(file, "wx", 0o600))
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error
    for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK)
  }
}

/** Opens a file as a database and runs statements on it. If one fails the database is closed, and the failure thrown. */
export const openFile = (
  file: string,
  options: DatabaseSyncOptions,
  statements: ReadonlyArray<string>
): DatabaseSync => {
  const database = new DatabaseSync(file, options)
  try {
    for (const statement of statements) database.exec(statement)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
