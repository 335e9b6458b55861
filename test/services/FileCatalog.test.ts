import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { StoredFile } from "../../src/services/Attachments.ts"
import { FileCatalog } from "../../src/services/FileCatalog.ts"

const add = (catalog: FileCatalog, id: string, sha256: string, sizeBytes: number) => {
  const file: StoredFile = { number: catalog.nextNumber(), id, name: `${id}.txt`, sizeBytes, sha256 }
  return { file, dropped: catalog.add(file) }
}

describe("FileCatalog", () => {
  it("nextNumber() rises, and files are found by number and by id", () => {
    const catalog = new FileCatalog(100)
    const a = add(catalog, "a", "A", 10).file
    const b = add(catalog, "b", "B", 10).file
    assert.deepStrictEqual([a.number, b.number], [1, 2])
    assert.strictEqual(catalog.find(1), a)
    assert.strictEqual(catalog.findById("b"), b)
    assert.isUndefined(catalog.find(3))
    assert.isUndefined(catalog.findById("c"))
  })

  it("add() lets go first what was added first, whatever its number", () => {
    const catalog = new FileCatalog(100, 1)
    const late = catalog.nextNumber()
    add(catalog, "a", "A", 1)
    catalog.add({ number: late, id: "late", name: "late", sizeBytes: 1, sha256: "B" })
    assert.isUndefined(catalog.findById("a"))
    assert.strictEqual(catalog.find(1)?.id, "late")
    assert.strictEqual(catalog.nextNumber(), 3)
  })

  it("add() counts a content once, however many files have it", () => {
    const catalog = new FileCatalog(100)
    for (const id of ["a", "b", "c"]) add(catalog, id, "same", 60)
    assert.strictEqual(catalog.sizeBytes, 60)
    assert.strictEqual(catalog.count, 3)
  })

  it("add() drops the oldest files beyond the limit, and contents that no file has any more", () => {
    const catalog = new FileCatalog(100)
    add(catalog, "a", "A", 40)
    add(catalog, "b", "B", 40)
    add(catalog, "c", "A", 40)
    assert.deepStrictEqual(add(catalog, "d", "D", 40).dropped, ["B"])
    assert.isUndefined(catalog.findById("a"))
    assert.isUndefined(catalog.findById("b"))
    assert.isDefined(catalog.findById("c"))
    assert.deepStrictEqual(add(catalog, "e", "E", 100).dropped, ["A", "D"])
    assert.strictEqual(catalog.sizeBytes, 100)
    assert.strictEqual(catalog.find(5)?.id, "e")
  })

  it("add() uses no number again, and knows a content anew that was dropped", () => {
    const catalog = new FileCatalog(10)
    add(catalog, "a", "A", 10)
    assert.deepStrictEqual(add(catalog, "b", "B", 10).dropped, ["A"])
    const c = add(catalog, "c", "A", 10)
    assert.strictEqual(c.file.number, 3)
    assert.deepStrictEqual(c.dropped, ["B"])
  })

  it("add() drops the oldest of too many files, though they cost no bytes", () => {
    const catalog = new FileCatalog(10, 2)
    for (const id of ["a", "b", "c"]) assert.deepStrictEqual(add(catalog, id, "empty", 0).dropped, [])
    assert.isUndefined(catalog.findById("a"))
    assert.strictEqual(catalog.count, 2)
  })

  it("reserve() gives no more than the limit, until it is released", () => {
    const catalog = new FileCatalog(100)
    assert.isFalse(catalog.reserve(101))
    assert.isFalse(catalog.reserve(-1))
    assert.isFalse(catalog.reserve(Number.NaN))
    assert.isTrue(catalog.reserve(60))
    assert.isFalse(catalog.reserve(60))
    assert.isTrue(catalog.reserve(40))
    assert.isTrue(catalog.reserve(0))
    catalog.release(60)
    assert.isTrue(catalog.reserve(60))
  })

  // The size of a content follows from its name, as it does from a digest.
  const sizes = { A: 0, B: 5, C: 20, D: 30 }
  const Contents = Schema.Array(Schema.Literals(["A", "B", "C", "D"]))
  it.effect.prop("keeps the newest files whose contents fit, and says which contents go", [Contents], ([all]) =>
    Effect.sync(() => {
      const catalog = new FileCatalog(40, 6)
      const stored = new Set<string>()
      let expected: Array<{ readonly id: string; readonly content: keyof typeof sizes }> = []
      for (const [index, content] of all.entries()) {
        stored.add(content)
        expected.push({ id: `${index}`, content })
        const bytes = () => [...new Set(expected.map((it) => it.content))].reduce((sum, it) => sum + sizes[it], 0)
        while (bytes() > 40 || expected.length > 6) expected = expected.slice(1)
        for (const sha256 of add(catalog, `${index}`, content, sizes[content]).dropped) {
          assert.isTrue(stored.delete(sha256))
        }
        assert.sameMembers([...stored], [...new Set(expected.map((it) => it.content))])
        assert.strictEqual(catalog.sizeBytes, bytes())
        assert.strictEqual(catalog.count, expected.length)
        for (const { id } of expected) assert.isDefined(catalog.findById(id))
      }
    })
  )
})
