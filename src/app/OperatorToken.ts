/**
 * The operator's token: made at the first start, and kept in the data directory in a file that only its owner can read.
 *
 * Tokens are compared by their digests, in a time that tells nothing of them.
 */
import { timingSafeEqual } from "node:crypto"
import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Context, Effect, Layer, Redacted } from "effect"
import * as DataDirectory from "../storage/DataDirectory.ts"
import { StorageUnavailable } from "../storage/StorageUnavailable.ts"
import { codeOf } from "../storage/SystemError.ts"
import { digestOf, makeToken } from "./Token.ts"

const fileName = "admin-token"
/** A token that is shorter could be guessed: whoever wrote it there is told so. */
const leastCharacters = 16

interface Kept {
  readonly token: string
  readonly isNew: boolean
}

const read = (file: string): Kept => {
  const token = readFileSync(file, "utf8").trim()
  chmodSync(file, 0o600)
  return { token, isNew: false }
}

const keep = (directory: string, file: string): Kept => {
  DataDirectory.make(directory)
  const token = makeToken()
  try {
    writeFileSync(file, `${token}\n`, { flag: "wx", mode: 0o600 })
    return { token, isNew: true }
  } catch (error) {
    if (codeOf(error) === "EEXIST") return read(file)
    throw error
  }
}

/** The operator's token, and the file that has it. */
export class OperatorToken extends Context.Service<
  OperatorToken,
  {
    readonly file: string
    readonly token: Redacted.Redacted
    /** Whether this start has made it. */
    readonly isNew: boolean
    readonly isRight: (token: string) => boolean
  }
>()("parlance/app/OperatorToken") {
  /** No token is right: nothing is served that asks for one. */
  static readonly layerNone = Layer.succeed(
    OperatorToken,
    OperatorToken.of({ file: "", token: Redacted.make(""), isNew: false, isRight: () => false })
  )

  /** The token of a data directory. */
  static readonly layer = (directory: string): Layer.Layer<OperatorToken, StorageUnavailable> =>
    Layer.effect(
      OperatorToken,
      Effect.gen(function* () {
        const file = join(directory, fileName)
        const { isNew, token } = yield* Effect.try({
          try: () => keep(directory, file),
          catch: (error) => new StorageUnavailable({ directory, reason: `${fileName}: ${codeOf(error)}` })
        })
        if (token.length < leastCharacters) {
          const reason = `${fileName} has fewer than ${leastCharacters} characters; delete it to get another`
          return yield* new StorageUnavailable({ directory, reason })
        }
        const right = digestOf(token)
        return OperatorToken.of({
          file,
          token: Redacted.make(token),
          isNew,
          isRight: (it) => timingSafeEqual(digestOf(it), right)
        })
      })
    )
}
