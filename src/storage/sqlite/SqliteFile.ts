import { accessSync, closeSync, constants, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"

/**
 * Makes an empty file if there is none, else sees whether it and its log can be written: SQLite says only later, and less
 * clearly. One that is there is not opened here, for closing it would take the locks of this process from it.
 */
export const makeFile = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true })
  try {
    closeSync(openSync(file, "wx", 0o600))
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
    for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK)
  }
}
