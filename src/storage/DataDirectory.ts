/**
 * The directory of what a server keeps.
 *
 * Directories are made for this user alone, and so are files: with mode 0600, and `wx` where they are new, so that nothing is
 * written through a name that somebody else has put there.
 */
import { Effect } from "effect"
import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs"
import { dirname, resolve } from "node:path"

/** The mode of directories. */
export const directoryMode = 0o700

/** Makes a directory, and those above it, if it is not there. */
export const make = (directory: string): void => {
  mkdirSync(directory, { recursive: true, mode: directoryMode })
}

const isOpenToAll = (directory: string): boolean => {
  const { mode } = statSync(directory)
  return (mode & 0o002) !== 0 && (mode & 0o1000) === 0
}

const openToAll = (directory: string): string | undefined => {
  let path = resolve(directory)
  while (!existsSync(path)) path = dirname(path)
  path = realpathSync(path)
  while (!isOpenToAll(path)) {
    const above = dirname(path)
    if (above === path) return undefined
    path = above
  }
  return path
}

/**
 * Warns if any user of this machine can rename and delete what is in a directory, or the directory: it, or one above it, is
 * writable for all and has no sticky bit. It need not be there yet.
 */
export const inspect = (directory: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (process.platform === "win32") return Effect.void
    try {
      const path = openToAll(directory)
      if (path === undefined) return Effect.void
      return Effect.logWarning(
        `Any user can replace what is in the data directory, for ${path} is writable for all: chmod o-w ${path}`
      )
    } catch {
      return Effect.void
    }
  })
