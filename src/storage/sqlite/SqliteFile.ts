import { Data } from "effect"
import { accessSync, closeSync, constants, openSync, statSync } from "node:fs"
import { dirname } from "node:path"
import type { DatabaseSync, DatabaseSyncOptions } from "node:sqlite"
import * as DataDirectory from "../DataDirectory.ts"
import { codeOf } from "../SystemError.ts"

/**
 * Makes an empty file if there is none, else checks that it and its log can be written, which SQLite reports later and less
 * clearly. A file that is there is not opened here: closing it would release the locks that this process has on it.
 */
export const makeFile = (file: string): void => {
  DataDirectory.make(dirname(file))
  try {
    closeSync(openSync(file, "wx", 0o600))
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error
    for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK)
  }
}

/** This Node.js has no SQLite: it was built without, or started with `--no-experimental-sqlite`. */
export class SqliteMissing extends Data.TaggedError("SqliteMissing")<{}> {
  override get message(): string {
    return `Node.js ${process.version} has no node:sqlite here. Take one that has, PostgreSQL, or storage in memory`
  }
}

// Asked for when a file is opened: who keeps nothing in SQLite may run where there is none.
const sqlite = () => {
  const found = process.getBuiltinModule("node:sqlite") as typeof import("node:sqlite") | undefined
  if (found === undefined) throw new SqliteMissing()
  return found
}

/** Opens a file as a database and runs statements on it. If one fails the database is closed, and the failure thrown. */
export const openFile = (
  file: string,
  options: DatabaseSyncOptions,
  statements: ReadonlyArray<string>
): DatabaseSync => {
  const database = new (sqlite().DatabaseSync)(file, options)
  try {
    for (const statement of statements) database.exec(statement)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** What is written to an open file goes nowhere, for it has been deleted or moved away. */
export class FileGone extends Data.TaggedError("FileGone")<{
  readonly file: string
  readonly isReplaced: boolean
}> {
  override get message(): string {
    const state = this.isReplaced ? "has been replaced by another file" : "has been deleted or moved away"
    return `${this.file} ${state} while the server has it open, so nothing is stored. Put it back, or restart the server`
  }
}

/**
 * Makes what throws `FileGone` if one of some files is not the one that it was when this first found it there. As long as
 * they are open no other file gets their inodes.
 */
export const makeWatch = (files: ReadonlyArray<string>): (() => void) => {
  const known = new Map<string, { readonly dev: number; readonly ino: number }>()
  return () => {
    for (const file of files) {
      const first = known.get(file)
      const stat = statSync(file, { throwIfNoEntry: false })
      if (first === undefined) {
        if (stat !== undefined) known.set(file, stat)
      } else if (stat?.ino !== first.ino || stat.dev !== first.dev) {
        throw new FileGone({ file, isReplaced: stat !== undefined })
      }
    }
  }
}
