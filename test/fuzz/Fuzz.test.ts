import { assert, describe, it } from "@effect/vitest"
import { codecs } from "./Codecs.ts"
import { fuzz } from "./Fuzzer.ts"
import { mutant, pieces, seeded } from "./Mutation.ts"

const inputs = 100_000

describe("fuzz", () => {
  it.each(codecs)("$name: whatever comes is read or refused, in the same way however it is cut", (codec) => {
    const outcomes = fuzz(codec, 1, Math.ceil(inputs / codecs.length))
    assert.includeMembers([...outcomes.keys()], [...codec.outcomes])
  })

  it("finds an input again by its seed", () => {
    const broken = { name: "broken", samples: [Buffer.from("abc")], outcomes: [] }
    const check = (input: Uint8Array) => {
      if (input.includes(0xff)) throw new Error("0xff")
      return []
    }
    let message = ""
    try {
      fuzz({ ...broken, check }, 1, 1000)
    } catch (error) {
      message = String(error)
    }
    const [, seed] = /^Failure: broken, seed (\d+), input [0-9a-f]*ff[0-9a-f]*: Error: 0xff$/.exec(message) ?? []
    assert.isDefined(seed, message)
    assert.include([...mutant(seeded(Number(seed)), broken.samples)], 0xff)
  })

  it("makes other inputs of other seeds, and cuts without a loss", () => {
    const made = new Set<string>()
    for (let seed = 0; seed < 1000; seed++) {
      const random = seeded(seed)
      const input = mutant(random, [Buffer.from("abcdefgh"), Buffer.from("12345678")])
      made.add(Buffer.from(input).toString("hex"))
      assert.deepStrictEqual(Buffer.concat(pieces(random, input)), Buffer.from(input))
    }
    assert.isAbove(made.size, 700)
  })
})
