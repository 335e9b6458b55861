/**
 * Makes `src/domain/Confusables.ts` of the data of Unicode in the package unhomoglyph:
 * `node test/domain/ConfusablesSource.ts`.
 *
 * - Only characters are there that NFKD leaves as they are: names are decomposed before they are looked up.
 * - Prototypes are decomposed and looked up too, until they have none of their own.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const target = new URL("../../src/domain/Confusables.ts", import.meta.url)
const data: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(fileURLToPath(import.meta.resolve("unhomoglyph/data.json")), "utf8")
)

const lineUnits = 116

const isLookedUp = (character: string): boolean =>
  character.normalize("NFKD") === character && !/\p{Default_Ignorable_Code_Point}/u.test(character)

const replaced = (text: string): string =>
  Array.from(text.normalize("NFKD"), (character) => data[character] ?? character)
    .join("")
    .normalize("NFKD")

const prototypeOf = (character: string): string => {
  let prototype = replaced(character)
  for (let next = replaced(prototype); next !== prototype; next = replaced(prototype)) prototype = next
  return prototype
}

const hex = (text: string): string =>
  Array.from(text, (character) => character.codePointAt(0)!.toString(16).padStart(2, "0")).join("+")

const groups = (): ReadonlyArray<string> => {
  const byPrototype = new Map<string, Array<string>>()
  for (const character of Object.keys(data).filter(isLookedUp)) {
    const prototype = prototypeOf(character)
    if (prototype === character) continue
    const characters = byPrototype.get(prototype) ?? []
    byPrototype.set(prototype, [...characters, character])
  }
  return Array.from(
    byPrototype,
    ([prototype, characters]) => `${hex(prototype)}=${characters.toSorted().map(hex).join(",")}`
  ).toSorted()
}

/** The text of the source file, with the groups in lines. */
export const source = (): string => {
  const lines: Array<string> = []
  let line = ""
  for (const group of groups()) {
    if (line !== "" && line.length + 1 + group.length > lineUnits) {
      lines.push(line)
      line = ""
    }
    line = line === "" ? group : `${line} ${group}`
  }
  lines.push(line)
  return `/**
 * Characters that look like others, and their prototypes: \`confusables.txt\` of Unicode 13.0.0 (UTS 39).
 *
 * Copyright 1991-2020 Unicode, Inc., https://www.unicode.org/license.txt. Made by \`test/domain/ConfusablesSource.ts\`.
 */

// A prototype, \`=\`, the characters that look like it: code points in hexadecimal.
const groups = \`
${lines.join("\n")}
\`

const text = (points: string): string =>
  String.fromCodePoint(...points.split("+").map((point) => Number.parseInt(point, 16)))

/** The prototype of each character that has one, and that NFKD leaves as it is. */
export const prototypes: ReadonlyMap<string, string> = new Map(
  groups
    .trim()
    .split(/\\s/)
    .flatMap((group) => {
      const [prototype = "", characters = ""] = group.split("=")
      return characters.split(",").map((character) => [text(character), text(prototype)] as const)
    })
)
`
}

if (import.meta.main) writeFileSync(target, source())
