/**
 * The bots that the operator has made, in `bots.json` of the data directory, which only its owner can read.
 *
 * Of a token only its digest is kept: whoever reads the file cannot post.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Context, Effect, Layer, Result, Schema } from "effect"
import { BotExists, NoSuchBot, TooManyBots } from "../../api/ApiError.ts"
import { lookAlikeKey, UserName, userName } from "../../domain/Names.ts"
import { type NameInvalid, type NameReserved, StorageFailed } from "../../domain/Rejection.ts"
import * as DataDirectory from "../../storage/DataDirectory.ts"
import { StorageUnavailable } from "../../storage/StorageUnavailable.ts"
import { codeOf } from "../../storage/SystemError.ts"
import { digestOf, makeToken } from "../Token.ts"

/** How many bots there may be. */
export const limitBots = 1000

const fileName = "bots.json"

const File = Schema.fromJsonString(
  Schema.Struct({ bots: Schema.Array(Schema.Struct({ name: UserName, sha256: Schema.String })) })
)
const decodeFile = Schema.decodeUnknownResult(File)

const digest = (token: string): string => digestOf(token).toString("hex")

const load = (file: string): Result.Result<(typeof File.Type)["bots"], string> => {
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch (error) {
    const code = codeOf(error)
    return code === "ENOENT" ? Result.succeed([]) : Result.fail(code)
  }
  return Result.mapBoth(decodeFile(text), { onSuccess: ({ bots }) => bots, onFailure: () => "it is damaged" })
}

/** The bots that the operator has made, and whose tokens they have. */
export class BotRegistry extends Context.Service<
  BotRegistry,
  {
    /** The names of all bots, as they were made. */
    readonly names: () => ReadonlyArray<UserName>
    /** Makes a bot, and gives the name that it has and its token. */
    readonly make: (
      name: string
    ) => Effect.Effect<
      { readonly name: UserName; readonly token: string },
      NameInvalid | NameReserved | BotExists | TooManyBots | StorageFailed
    >
    /** Forgets a bot, and gives the name that it had. */
    readonly revoke: (name: string) => Effect.Effect<UserName, NoSuchBot | StorageFailed>
    /** Whose token this is. */
    readonly identify: (token: string) => UserName | undefined
  }
>()("parlance/app/api/BotRegistry") {
  /** The bots of a data directory. */
  static readonly layer = (directory: string): Layer.Layer<BotRegistry, StorageUnavailable> =>
    Layer.effect(
      BotRegistry,
      Effect.gen(function* () {
        const file = join(directory, fileName)
        const loaded = load(file)
        if (Result.isFailure(loaded)) {
          return yield* new StorageUnavailable({ directory, reason: `${fileName}: ${loaded.failure}` })
        }
        // Looked up by the digest of a token, so the time that it takes tells nothing of tokens.
        let byDigest = new Map(loaded.success.map(({ name, sha256 }) => [sha256, name]))

        // A directory that is gone under the server is not made again, for it may be put back.
        let isMade = existsSync(directory)

        const store = (next: ReadonlyMap<string, UserName>): Effect.Effect<void, StorageFailed> =>
          Effect.try({
            try: () => {
              const bots = Array.from(next, ([sha256, name]) => ({ name, sha256 }))
              if (!isMade) DataDirectory.make(directory)
              isMade = true
              // One that is there was left by a server that died, or by somebody else.
              rmSync(`${file}.new`, { force: true })
              writeFileSync(`${file}.new`, `${JSON.stringify({ bots }, null, 2)}\n`, { flag: "wx", mode: 0o600 })
              renameSync(`${file}.new`, file)
              byDigest = new Map(next)
            },
            catch: () => new StorageFailed()
          }).pipe(Effect.tapError(() => Effect.logWarning(`Cannot store ${fileName}`)))

        const entryOf = (name: string) => {
          const key = lookAlikeKey(name)
          for (const entry of byDigest) if (lookAlikeKey(entry[1]) === key) return entry
          return undefined
        }

        const make = Effect.fnUntraced(function* (
          wanted: string
        ): Effect.fn.Return<
          { readonly name: UserName; readonly token: string },
          NameInvalid | NameReserved | BotExists | TooManyBots | StorageFailed
        > {
          const name = yield* Effect.fromResult(userName(wanted))
          if (entryOf(name) !== undefined) return yield* new BotExists()
          if (byDigest.size >= limitBots) return yield* new TooManyBots({ limit: limitBots })
          const token = makeToken()
          yield* store(new Map(byDigest).set(digest(token), name))
          return { name, token }
        })

        const revoke = Effect.fnUntraced(function* (
          wanted: string
        ): Effect.fn.Return<UserName, NoSuchBot | StorageFailed> {
          const entry = entryOf(wanted)
          if (entry === undefined) return yield* new NoSuchBot({ name: wanted })
          const [sha256, name] = entry
          const next = new Map(byDigest)
          next.delete(sha256)
          yield* store(next)
          return name
        })

        return BotRegistry.of({
          names: () => [...byDigest.values()],
          make,
          revoke,
          identify: (token) => byDigest.get(digest(token))
        })
      })
    )
}
