import { assert, describe, it } from "@effect/vitest"
import { Badge } from "../../src/web/components/Person.tsx"

const badge = (protocol: string | undefined) => Badge({ protocol })?.props

describe("Badge", () => {
  it("shows a protocol that the page knows in its colour, and says what it is", () => {
    assert.deepInclude<unknown>(badge("toss"), { class: "badge badge-toss", title: "Toss-a-Message", children: "toss" })
  })

  it("shows any other by its name", () => {
    for (const name of ["telegraph", "constructor"]) {
      assert.deepInclude<unknown>(badge(name), { class: "badge badge-other", title: undefined, children: name })
    }
  })

  it("shows nothing where none is known", () => {
    assert.isUndefined(badge(undefined))
    assert.isUndefined(badge(""))
  })
})
