import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { StoredFile } from "../../src/services/Attachments.ts"
import { FileCatalog, type Reservation, roomStepBytes } from "../../src/services/FileCatalog.ts"

const fileOf = (number: number, id: string, sha256: string, sizeBytes: number, atMillis = 0): StoredFile => ({
  number,
  id,
  name: `${id}.txt`,
  sizeBytes,
  sha256,
  atMillis
})

/** Adds a file and removes what is too many then: the contents that go. */
const add = (catalog: FileCatalog, file: StoredFile): ReadonlyArray<string> => {
  const excess = catalog.excess(file)
  catalog.add(file)
  assert.deepStrictEqual(catalog.excess(), excess)
  const freed = catalog.remove(excess)
  assert.deepStrictEqual(catalog.excess(), [])
  return freed
}

describe("FileCatalog", () => {
  it("finds files by number and by id", () => {
    const catalog = new FileCatalog(100)
    const a = fileOf(1, "a", "A", 10)
    add(catalog, a)
    add(catalog, fileOf(2, "b", "B", 10))
    assert.strictEqual(catalog.find(1), a)
    assert.strictEqual(catalog.findById("b")?.number, 2)
    assert.isUndefined(catalog.find(3))
    assert.isUndefined(catalog.findById("c"))
    assert.isTrue(catalog.hasContent("A"))
    assert.isFalse(catalog.hasContent("C"))
  })

  it("excess() names first what was added first, whatever its number", () => {
    const catalog = new FileCatalog(100, 1)
    add(catalog, fileOf(2, "a", "A", 1))
    add(catalog, fileOf(1, "late", "B", 1))
    assert.isUndefined(catalog.findById("a"))
    assert.strictEqual(catalog.find(1)?.id, "late")
  })

  it("counts a content once, however many files have it", () => {
    const catalog = new FileCatalog(100)
    for (const [index, id] of ["a", "b", "c"].entries()) add(catalog, fileOf(index, id, "same", 60))
    assert.strictEqual(catalog.sizeBytes, 60)
    assert.strictEqual(catalog.count, 3)
  })

  it("excess() names the oldest files beyond the limit, remove() the contents that no file has any more", () => {
    const catalog = new FileCatalog(100)
    add(catalog, fileOf(1, "a", "A", 40))
    add(catalog, fileOf(2, "b", "B", 40))
    add(catalog, fileOf(3, "c", "A", 40))
    assert.deepStrictEqual(add(catalog, fileOf(4, "d", "D", 40)), ["B"])
    assert.isUndefined(catalog.findById("a"))
    assert.isUndefined(catalog.findById("b"))
    assert.isDefined(catalog.findById("c"))
    assert.deepStrictEqual(add(catalog, fileOf(5, "e", "E", 100)), ["A", "D"])
    assert.strictEqual(catalog.sizeBytes, 100)
    assert.strictEqual(catalog.find(5)?.id, "e")
  })

  it("knows a content anew that was removed", () => {
    const catalog = new FileCatalog(10)
    add(catalog, fileOf(1, "a", "A", 10))
    assert.deepStrictEqual(add(catalog, fileOf(2, "b", "B", 10)), ["A"])
    assert.deepStrictEqual(add(catalog, fileOf(3, "c", "A", 10)), ["B"])
  })

  it("excess() names the oldest of too many files, though they cost no bytes", () => {
    const catalog = new FileCatalog(10, 2)
    for (const [index, id] of ["a", "b", "c"].entries()) {
      assert.deepStrictEqual(add(catalog, fileOf(index, id, "empty", 0)), [])
    }
    assert.isUndefined(catalog.findById("a"))
    assert.strictEqual(catalog.count, 2)
  })

  it("keptUntil() names the files of a time or before, in whatever order they came", () => {
    const catalog = new FileCatalog(100)
    for (const [index, atMillis] of [30, 10, 20].entries()) add(catalog, fileOf(index, `${index}`, "A", 1, atMillis))
    const numbers = (millis: number) => catalog.keptUntil(millis).map(({ number }) => number)
    assert.deepStrictEqual(numbers(9), [])
    assert.deepStrictEqual(numbers(20), [1, 2])
    assert.deepStrictEqual(numbers(30), [0, 1, 2])
  })

  it("reserve() gives no more than the limit, until it is released", () => {
    const catalog = new FileCatalog(100)
    for (const sizeBytes of [101, -1, Number.NaN]) assert.isUndefined(catalog.reserve(sizeBytes))
    const first = catalog.reserve(60)!
    assert.isUndefined(catalog.reserve(60))
    assert.isDefined(catalog.reserve(40))
    assert.isDefined(catalog.reserve(0))
    catalog.release(first)
    catalog.release(first)
    assert.isFalse(catalog.isRoomFor(61))
    assert.isDefined(catalog.reserve(60))
  })

  it("hold() takes room in steps, of free room only, and add() makes a content of it", () => {
    const step = roomStepBytes
    const catalog = new FileCatalog(5 * step)
    add(catalog, fileOf(1, "a", "A", 2 * step))
    add(catalog, fileOf(2, "b", "B", step))
    const upload = catalog.reserve(3 * step + 1)!
    assert.deepStrictEqual(
      [0, 1, step, step + 1, 3 * step + 1].map((bytes) => catalog.neededBytes(upload, bytes)),
      [0, step, step, 2 * step, 3 * step + 1]
    )
    assert.isTrue(catalog.hold(upload, 2 * step))
    assert.isTrue(catalog.hold(upload, step))
    assert.isFalse(catalog.hold(upload, 3 * step))
    assert.strictEqual(catalog.heldBytes, 2 * step)
    const needed = catalog.excessFor(upload, 3 * step + 1)
    assert.deepStrictEqual(
      needed.map(({ id }) => id),
      ["a"]
    )
    catalog.remove(needed)
    assert.isTrue(catalog.hold(upload, 3 * step + 1))
    const file = fileOf(3, "c", "C", 3 * step + 1)
    assert.deepStrictEqual(catalog.excess(file, upload), [])
    catalog.add(file, upload)
    assert.deepStrictEqual([catalog.sizeBytes, catalog.heldBytes], [4 * step + 1, 0])
    catalog.release(upload)
    assert.isTrue(catalog.hold(upload, step))
    assert.deepStrictEqual([catalog.sizeBytes, catalog.heldBytes], [4 * step + 1, 0])
  })

  const Act = Schema.Struct({
    kind: Schema.Literals(["reserve", "come", "come", "keep", "release"]),
    upload: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 })),
    steps: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 })),
    owner: Schema.Literals(["x", "y", "z"])
  })
  it.effect.prop(
    "what is stored and what uploads hold never exceed the limit, and all that is reserved can be carried out",
    [Schema.Array(Act).check(Schema.isMaxLength(200))],
    ([acts]) =>
      Effect.sync(() => {
        const limitBytes = 8 * roomStepBytes
        const catalog = new FileCatalog(limitBytes, 6)
        const uploads: Array<Reservation> = []
        const free = (excess: ReadonlyArray<StoredFile>) => void catalog.remove(excess)
        const come = (upload: Reservation, bytes: number) => {
          free(catalog.excessFor(upload, catalog.neededBytes(upload, bytes)))
          assert.isTrue(catalog.hold(upload, catalog.neededBytes(upload, bytes)))
        }
        for (const [number, { kind, owner, steps, upload: index }] of acts.entries()) {
          const upload = uploads[index]
          if (kind === "reserve") {
            const reservation = catalog.reserve(steps * roomStepBytes + number, owner)
            if (reservation !== undefined) uploads.push(reservation)
          } else if (upload !== undefined) {
            if (kind === "come") come(upload, steps * roomStepBytes + 1)
            if (kind === "keep") {
              come(upload, upload.sizeBytes)
              // Some contents are equal.
              const file = fileOf(number, `${number}`, `${upload.sizeBytes}`, upload.sizeBytes)
              free(catalog.excess(file, upload))
              catalog.add(file, upload)
            }
            if (kind !== "come") {
              uploads.splice(index, 1)
              catalog.release(upload)
            }
          }
          assert.isAtMost(catalog.sizeBytes + catalog.heldBytes, limitBytes)
          assert.isAtMost(catalog.count, 6)
          assert.strictEqual(
            catalog.heldBytes,
            uploads.reduce((sum, { heldBytes }) => sum + heldBytes, 0)
          )
        }
        for (const upload of uploads) {
          come(upload, upload.sizeBytes)
          assert.isAtMost(catalog.sizeBytes + catalog.heldBytes, limitBytes)
        }
      })
  )

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
        for (const sha256 of add(catalog, fileOf(index, `${index}`, content, sizes[content]))) {
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
