/**
 * The one name space of users, and the one of rooms, over all protocols.
 *
 * - A name is 1 to 64 characters (code points), NFC, trimmed, without control, separator or bidirectional characters.
 * - Two names are the same when their look-alike keys are: NFKC, case folded, invisible characters dropped.
 * - Nobody is called `Server` or `system`, nor by letters of another script that look like them.
 */
import { Result, Schema } from "effect"
import { NameInvalid, NameReserved } from "./Rejection.ts"

/** The longest name, in code points. */
export const limitCharacters = 64

// Controls, lone surrogates, line and paragraph separators, unassigned and private use, bidirectional controls.
const forbidden = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cn}\p{Co}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
// What is drawn as nothing, the blank Braille pattern included.
const invisible = /[\p{Default_Ignorable_Code_Point}\u2800]/gu
const spaces = /\p{White_Space}+/gu

// Letters of other scripts that pass for the letters of the reserved names.
const pretenders = new Map([
  ["ѕ", "s"],
  ["е", "e"],
  ["г", "r"],
  ["ν", "v"],
  ["ѵ", "v"],
  ["у", "y"],
  ["υ", "y"],
  ["т", "t"],
  ["τ", "t"],
  ["м", "m"],
  ["μ", "m"],
  ["ε", "e"],
  ["ѡ", "w"],
  ["ү", "y"],
  ["γ", "y"],
  ["0", "o"],
  ["3", "e"],
  ["5", "s"],
  ["7", "t"],
  ["$", "s"],
  ["ʀ", "r"],
  ["ᴠ", "v"],
  ["ꜱ", "s"],
  ["ᴇ", "e"],
  ["ꓢ", "s"],
  ["ꓰ", "e"],
  ["ꓣ", "r"],
  ["ꓦ", "v"],
  ["ꓬ", "y"],
  ["ꓔ", "t"],
  ["ꓟ", "m"],
  ["ꮪ", "s"],
  ["ꭼ", "e"],
  ["ꮢ", "r"],
  ["ꮩ", "v"],
  ["ꭹ", "y"],
  ["ꭲ", "t"],
  ["ꮇ", "m"]
])

const reserved = new Set(["server", "system"])

const isWellFormed = (text: string): boolean => {
  if (text === "" || text.length > limitCharacters * 2 || text !== text.trim() || text !== text.normalize("NFC")) {
    return false
  }
  return [...text].length <= limitCharacters && !forbidden.test(text) && lookAlikeKey(text) !== ""
}

/** The key under which a name is unique: equal for names that a reader would take for the same. */
export const lookAlikeKey = (name: string): string =>
  name
    .normalize("NFKC")
    .replace(invisible, "")
    // Lower first, for a capital sharp s has no upper case that is two letters.
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize("NFKC")
    .replace(spaces, " ")
    .trim()

const isReserved = (name: string): boolean => {
  const key = lookAlikeKey(name).normalize("NFD").replace(/\p{M}/gu, "")
  let plain = ""
  for (const letter of key) plain += pretenders.get(letter) ?? letter
  return reserved.has(plain)
}

/** The name of a user: well formed and not reserved. */
export const UserName = Schema.String.check(
  Schema.makeFilter((text: string) => isWellFormed(text) && !isReserved(text), { expected: "a user name" })
).pipe(Schema.brand("UserName"))
export type UserName = typeof UserName.Type

/** The name of a room: well formed. */
export const RoomName = Schema.String.check(Schema.makeFilter(isWellFormed, { expected: "a room name" })).pipe(
  Schema.brand("RoomName")
)
export type RoomName = typeof RoomName.Type

/** The room in which everybody is after login. */
export const general = "general" as RoomName

const tidy = (text: string): string => text.normalize("NFC").trim()

/** Makes a user name of what somebody typed, or says why it cannot be one. */
export const userName = (text: string): Result.Result<UserName, NameInvalid | NameReserved> => {
  const name = tidy(text)
  if (!isWellFormed(name)) return Result.fail(new NameInvalid())
  return isReserved(name) ? Result.fail(new NameReserved()) : Result.succeed(name as UserName)
}

/** Makes a room name of what somebody typed, or says why it cannot be one. */
export const roomName = (text: string): Result.Result<RoomName, NameInvalid> => {
  const name = tidy(text)
  return isWellFormed(name) ? Result.succeed(name as RoomName) : Result.fail(new NameInvalid())
}
