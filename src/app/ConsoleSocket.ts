/**
 * The operator's console on a Unix socket in the data directory, for `parlance console`.
 *
 * - Nobody but the owner can ever open the socket: it is made in a folder of its own with mode 0700, and moved to its
 *   place when it has mode 0600.
 * - A socket that a dead server has left is replaced; that of a living one is not.
 */
import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync } from "node:fs"
import { connect, createServer, type Socket } from "node:net"
import { join, relative } from "node:path"
import { Data, Effect, FiberSet, type Scope } from "effect"
import * as DataDirectory from "../storage/DataDirectory.ts"
import { codeOf } from "../storage/SystemError.ts"
import type { Console } from "./Console.ts"
import { linesOf, printTo } from "./ConsoleTerminal.ts"

/** There is no console at this path, for this reason. */
export class ConsoleUnavailable extends Data.TaggedError("ConsoleUnavailable")<{
  readonly path: string
  readonly reason: string
}> {
  override get message(): string {
    const isNobody = this.reason === "ENOENT" || this.reason === "ECONNREFUSED"
    return `Cannot open the console ${this.path}: ${isNobody ? "no server runs there" : this.reason}`
  }
}

const clientLimit = 16
/** What the address of a socket has room for, by the strictest of the systems. */
const pathLimitBytes = 103

/** Where the console of the server with this data directory is. */
export const pathIn = (directory: string): string => join(directory, "console.sock")

// The shorter of a path and what it is from here.
const addressOf = (path: string): string => {
  const fromHere = relative(process.cwd(), path)
  return Buffer.byteLength(fromHere) < Buffer.byteLength(path) ? fromHere : path
}

/** Connects to a console until the scope ends. The peer's end does not end what is sent to it. */
export const dial = (path: string): Effect.Effect<Socket, ConsoleUnavailable, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Socket, ConsoleUnavailable>((resume) => {
      const socket = connect({ path: addressOf(path), allowHalfOpen: true })
      socket.once("connect", () => resume(Effect.succeed(socket)))
      socket.on("error", (error) => resume(Effect.fail(new ConsoleUnavailable({ path, reason: codeOf(error) }))))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

const inode = (path: string): number | undefined => lstatSync(path, { throwIfNoEntry: false })?.ino

const replaceable = Effect.fnUntraced(function* (path: string): Effect.fn.Return<void, ConsoleUnavailable> {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isSocket()) return yield* new ConsoleUnavailable({ path, reason: "there is a file that is no socket" })
  const isAlive = yield* Effect.scoped(dial(path)).pipe(
    Effect.match({ onSuccess: () => true, onFailure: ({ reason }) => reason !== "ECONNREFUSED" })
  )
  if (isAlive) return yield* new ConsoleUnavailable({ path, reason: "another server has its console there" })
})

/** Serves the console on the socket of a data directory until the scope ends. */
export const listen = Effect.fn("ConsoleSocket.listen")(function* (
  console: Console,
  directory: string
): Effect.fn.Return<void, ConsoleUnavailable, Scope.Scope> {
  const path = pathIn(directory)
  if (process.platform === "win32") {
    return yield* Effect.logInfo("There is no console socket on this system")
  }
  const failed = (error: unknown) => new ConsoleUnavailable({ path, reason: codeOf(error) })
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const serve = (socket: Socket): void => {
    socket.on("error", () => {})
    run(
      console
        .serve({ lines: linesOf(socket), print: printTo(socket) })
        .pipe(Effect.ensuring(Effect.sync(() => socket.destroySoon())))
    )
  }
  const folder = yield* Effect.try({
    try: () => {
      DataDirectory.make(directory)
      return mkdtempSync(join(directory, ".c"))
    },
    catch: failed
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true, force: true })))
  // The address must be good for clients too, which find the socket under its own name.
  const made = join(folder, "s")
  if (Math.max(Buffer.byteLength(addressOf(made)), Buffer.byteLength(addressOf(path))) > pathLimitBytes) {
    return yield* new ConsoleUnavailable({ path, reason: `the path is longer than ${pathLimitBytes} bytes` })
  }
  yield* replaceable(path)
  const server = createServer({ allowHalfOpen: true }, serve)
  server.maxConnections = clientLimit
  yield* Effect.acquireRelease(
    Effect.callback<void, ConsoleUnavailable>((resume) => {
      server.once("error", (error) => resume(Effect.fail(failed(error))))
      server.listen(addressOf(made), () => resume(Effect.void))
    }),
    () => Effect.sync(() => server.close())
  )
  const own = yield* Effect.try({
    try: () => {
      chmodSync(made, 0o600)
      renameSync(made, path)
      rmSync(folder, { recursive: true, force: true })
      return inode(path)
    },
    catch: failed
  })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      if (inode(path) === own) rmSync(path, { force: true })
    })
  )
})
