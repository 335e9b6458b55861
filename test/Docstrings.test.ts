/** That whoever hovers over what a door of the package gives, or over a setting, is told what it is. */
import { readFileSync } from "node:fs"
import { posix } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { descriptions } from "../src/app/Settings.ts"

const src = new URL("../src/", import.meta.url)
const textOf = (file: string): string => readFileSync(new URL(file, src), "utf8")

const doors = [
  "mod.ts",
  "services/mod.ts",
  "api/mod.ts",
  "testing/mod.ts",
  ...["toss", "tsockm", "chatmaster", "packet", "sockets"].map((name) => `protocols/${name}/mod.ts`)
]

const declaration = /^export (?:class|interface|type|const|function) (\w+)/gm
const passedOn = /^export\s+(?:type\s+)?(\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+"(\.[^"]+)"/gms

/** The names in an export's braces, as they are where they come from. */
const namesIn = (braces: string): ReadonlyArray<string> =>
  braces
    .replace(/[{}]/g, "")
    .split(",")
    .map(
      (part) =>
        part
          .trim()
          .replace(/^type\s+/, "")
          .split(/\s+as\s+/)[0]!
    )

interface Declared {
  readonly name: string
  readonly isDescribed: boolean
}

/** All that a file declares and exports, where it is a value and a type as one. */
const declared = (text: string): ReadonlyArray<Declared> => {
  const byName = new Map<string, Declared>()
  for (const { 1: name = "", index } of text.matchAll(declaration)) {
    const before = text.slice(0, index).replace(/\/\/ @effect-diagnostics[^\n]*\n$/, "")
    const isDescribed = before.trimEnd().endsWith("*/") || byName.get(name)?.isDescribed === true
    byName.set(name, { name, isDescribed })
  }
  return [...byName.values()]
}

/** What a door gives, by the file that declares it; `names` are those that are asked for, if not all. */
const given = (file: string, names?: ReadonlyArray<string>): ReadonlyArray<Declared & { readonly file: string }> => {
  const text = textOf(file)
  const here = declared(text).filter(({ name }) => names === undefined || names.includes(name))
  const others = Array.from(text.matchAll(passedOn)).flatMap(([, what = "", from = ""]) =>
    given(posix.join(posix.dirname(file), from), what.startsWith("*") ? undefined : namesIn(what))
  )
  return [...here.map(({ isDescribed, name }) => ({ file, isDescribed, name })), ...others]
}

describe("Docstrings", () => {
  it("say what everything is that a door gives", () => {
    const all = doors.flatMap((door) => given(door))
    assert.isAbove(all.length, 500)
    assert.deepStrictEqual(
      all.filter(({ isDescribed }) => !isDescribed).map(({ file, name }) => `${file}: ${name}`),
      []
    )
  })

  it("say what each setting is, as the help text does", () => {
    const text = textOf("app/Settings.ts").replace(/\n\s+\*\s/g, " ")
    for (const { about, initial, name } of descriptions) {
      const sentence = `${about[0]!.toUpperCase()}${about.slice(1)}. Default ${initial === "" ? "none" : initial}.`
      const [, before = ""] = new RegExp(`([^]*)\\b${name}: row\\(`).exec(text) ?? []
      assert.isTrue(before.replace(/\s+\*\/\s*$/, "").endsWith(sentence), name)
    }
  })

  it("declared() finds what is not described", () => {
    const text = `/** One. */\nexport const One = 1\nexport type One = 1\n\nexport interface Two {}\n`
    assert.deepStrictEqual(
      declared(text).map(({ isDescribed, name }) => [name, isDescribed]),
      [
        ["One", true],
        ["Two", false]
      ]
    )
  })
})
