/** Secrets by which somebody is known: 192 random bits, in 32 characters that are safe in a URL. */
import { createHash, randomBytes } from "node:crypto"

/** Makes a token that nobody can guess. */
export const makeToken = (): string => randomBytes(24).toString("base64url")

/** What is kept of a token, or compared, in place of itself. */
export const digestOf = (token: string): Buffer => createHash("sha256").update(token).digest()
