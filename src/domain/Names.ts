/**
 * The one name space of users, and the one of rooms, over all protocols.
 *
 * - A name is 1 to 64 characters (code points), NFC, trimmed, without control, separator or bidirectional characters, and
 *   with few combining marks in a row.
 * - Two names are the same when their look-alike keys are: NFKC, case folded, invisible characters dropped. Users have no
 *   names either that look the same in letters of several scripts (UTS 39).
 * - Nobody is called `Server` or `system`, nor by what looks like them, whatever stands around or between the letters.
 * - Of a text that is too long nothing but the length is looked at, for to normalise takes the square of its length.
 */
import { Result, Schema } from "effect"
import { prototypes } from "./Confusables.ts"
import { NameInvalid, NameReserved } from "./Rejection.ts"

/** The longest name, in code points. */
export const limitCharacters = 64
/** The longest text that may be a name when it has been normalised and trimmed, in UTF-16 units. */
export const limitUnits = 256

// Controls, lone surrogates, line and paragraph separators, unassigned and private use, bidirectional controls.
const forbidden = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cn}\p{Co}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
// What is drawn as nothing, the blank Braille pattern included.
const invisible = /[\p{Default_Ignorable_Code_Point}\u2800]/gu
const spaces = /\p{White_Space}+/gu
// What is drawn as nothing and is no combining mark, and variation selectors.
const unmarked = /[[\p{Default_Ignorable_Code_Point}--\p{M}]\p{Variation_Selector}\u2800]/gv
// Combining marks with nothing to combine with, or more of them than names need: also if a letter is composed with one.
const loose = /^\p{M}|\p{M}{5}/u
const stacked = /[\p{Mn}\p{Me}]{5}/u
const unspoken = /[^\p{L}\p{N}]/gu

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

const isWellFormed = (text: string): boolean => {
  if (text === "" || text.length > limitCharacters * 2 || text !== text.trim() || text !== text.normalize("NFC")) {
    return false
  }
  return [...text].length <= limitCharacters && !forbidden.test(text) && lookAlikeKey(text) !== ""
}

const folded = (text: string): string =>
  text
    .normalize("NFKC")
    .replace(invisible, "")
    // Lower first, for a capital sharp s has no upper case that is two letters.
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize("NFKC")
    .replace(spaces, " ")
    .trim()

/**
 * The key under which a name is found: equal for names that a reader would take for the same. It is empty, and that of no
 * name, for a text of more than {@link limitUnits}.
 */
export const lookAlikeKey = (name: string): string => (name.length > limitUnits ? "" : folded(name))

// UTS 39, section 4: each character by its prototype. Upper case is not folded before, for it looks like other letters.
const skeleton = (name: string): string => {
  let text = ""
  for (const character of name.normalize("NFKC").replace(invisible, "").normalize("NFD")) {
    text += prototypes.get(character) ?? character
  }
  return folded(text.normalize("NFD"))
}

/**
 * The keys that nobody else may have while a user has this name: its look-alike key, and its skeletons as it is and in lower
 * case, which are the same for names that look the same in letters of several scripts. Each is there once.
 */
export const uniqueKeys = (name: UserName): readonly [lookAlike: string, ...skeletons: ReadonlyArray<string>] => {
  const key = folded(name)
  const [, ...skeletons] = new Set([key, skeleton(name), skeleton(key)])
  return [key, ...skeletons]
}

const reserved = new Set(["server", "system"])
const reservedSkeletons = new Set(Array.from(reserved).flatMap((name) => [name, skeleton(name)]))

/** A key in the letters that its own pass for, without marks. */
const plain = (key: string): string => {
  let text = ""
  for (const letter of key.normalize("NFD").replace(/\p{M}/gu, "")) text += pretenders.get(letter) ?? letter
  return text
}

const isReserved = (name: string): boolean => reserved.has(plain(folded(name)))

const spoken = (text: string): string => text.normalize("NFD").replace(unspoken, "")

// A sign may stand for a letter, or beside it.
const passesForReserved = (name: string): boolean =>
  Array.from(new Set([name, spoken(name), spoken(name.normalize("NFKC"))])).some(
    (text) => reserved.has(spoken(plain(folded(text)))) || reservedSkeletons.has(spoken(plain(skeleton(text))))
  )

/** The name of a user: well formed and not reserved. What is stored may be what {@link userName} takes no more. */
export const UserName = Schema.String.check(
  Schema.makeFilter((text: string) => isWellFormed(text) && !isReserved(text), { expected: "a user name" })
).pipe(Schema.brand("UserName"))
export type UserName = typeof UserName.Type

/** The name of a room: well formed. What is stored may be what {@link roomName} takes no more. */
export const RoomName = Schema.String.check(Schema.makeFilter(isWellFormed, { expected: "a room name" })).pipe(
  Schema.brand("RoomName")
)
export type RoomName = typeof RoomName.Type

/** The room in which everybody is after login. */
export const general = "general" as RoomName

const hasLegibleMarks = (name: string): boolean => {
  const text = name.replace(unmarked, "")
  return !loose.test(text) && !stacked.test(text.normalize("NFD"))
}

/** The name that somebody typed, or nothing if that is none. */
const typed = (text: string): string | undefined => {
  if (text.length > limitUnits) return undefined
  const name = text.normalize("NFC").trim()
  return isWellFormed(name) && hasLegibleMarks(name) ? name : undefined
}

/** Makes a user name of what somebody typed, or says why it cannot be one. */
export const userName = (text: string): Result.Result<UserName, NameInvalid | NameReserved> => {
  const name = typed(text)
  if (name === undefined) return Result.fail(new NameInvalid())
  return passesForReserved(name) ? Result.fail(new NameReserved()) : Result.succeed(name as UserName)
}

/** Makes a room name of what somebody typed, or says why it cannot be one. */
export const roomName = (text: string): Result.Result<RoomName, NameInvalid> => {
  const name = typed(text)
  return name === undefined ? Result.fail(new NameInvalid()) : Result.succeed(name as RoomName)
}
