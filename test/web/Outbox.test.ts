import { assert, describe, it } from "@effect/vitest"
import * as Outbox from "../../src/web/state/Outbox.ts"
import { said } from "./Said.ts"

const letter = (id: string, text = id): Outbox.Letter => ({ id, place: "#general", text })
const accepted = (number: number): Outbox.Receipt => ({ ok: true, number, atMillis: number, file: undefined })
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** An outbox and the server that it sends to, which answers when it is told to. */
const make = () => {
  const sent: Array<string> = []
  const log: Array<string> = []
  const answers: Array<{ resolve: (receipt: Outbox.Receipt) => void; reject: (error: Error) => void }> = []
  let pauses = 0
  const outbox = Outbox.make({
    send: ({ id }) => {
      sent.push(id)
      return new Promise((resolve, reject) => void answers.push({ resolve, reject }))
    },
    wait: async () => void pauses++,
    sending: ({ id }) => void log.push(`sending ${id}`),
    answered: ({ id }, receipt) => void log.push(receipt.ok ? `${id} is ${receipt.number}` : `${id}: ${receipt.code}`)
  })
  const answer = async (receipt: Outbox.Receipt | Error) => {
    const next = answers.shift()!
    if (receipt instanceof Error) next.reject(receipt)
    else next.resolve(receipt)
    await turn()
  }
  return { outbox, sent, log, answer, pauses: () => pauses }
}

describe("Outbox", () => {
  it("Outbox.put() keeps what is written without a connection, and sends it in order, one at a time", async () => {
    const { answer, log, outbox, sent } = make()
    for (const id of ["a", "b", "c"]) outbox.put(letter(id))
    assert.deepStrictEqual(sent, [])
    outbox.open()
    await turn()
    assert.deepStrictEqual(sent, ["a"])
    await answer(accepted(1))
    assert.deepStrictEqual(sent, ["a", "b"])
    await answer(accepted(2))
    await answer(accepted(3))
    assert.deepStrictEqual(sent, ["a", "b", "c"])
    assert.deepStrictEqual(log, ["sending a", "a is 1", "sending b", "b is 2", "sending c", "c is 3"])
    assert.strictEqual(outbox.count(), 0)
  })

  it("Outbox.open() repeats what was not answered, and an answer that comes too late counts for nothing", async () => {
    const { answer, log, outbox, sent } = make()
    outbox.open()
    outbox.put(letter("a"))
    outbox.put(letter("b"))
    outbox.close()
    assert.deepStrictEqual(
      outbox.unanswered().map(({ id }) => id),
      ["a"]
    )
    await answer(accepted(1))
    outbox.open()
    await turn()
    assert.deepStrictEqual(sent, ["a", "a"])
    await answer(accepted(1))
    await answer(accepted(2))
    assert.deepStrictEqual(sent, ["a", "a", "b"])
    assert.deepStrictEqual(
      log.filter((line) => line.includes(" is ")),
      ["a is 1", "b is 2"]
    )
  })

  it("Outbox.settle() does without the answer", async () => {
    const { answer, outbox, sent } = make()
    outbox.open()
    outbox.put(letter("a"))
    outbox.put(letter("b"))
    outbox.close()
    await answer(new Error("lost"))
    outbox.settle("a")
    outbox.open()
    await turn()
    assert.deepStrictEqual(sent, ["a", "b"])
  })

  it("Outbox.put() goes on behind a letter that is refused", async () => {
    const { answer, log, outbox } = make()
    outbox.open()
    outbox.put(letter("a"))
    outbox.put(letter("b"))
    await turn()
    await answer({ ok: false, code: "TextTooLong", message: "" })
    await answer(accepted(1))
    assert.deepStrictEqual(log, ["sending a", "a: TextTooLong", "sending b", "b is 1"])
  })

  it("Outbox.put() sends again what came too fast, or was not answered in time, before anything else", async () => {
    const { answer, outbox, pauses, sent } = make()
    outbox.open()
    outbox.put(letter("a"))
    outbox.put(letter("b"))
    await turn()
    await answer({ ok: false, code: "Flooding", message: "" })
    assert.deepStrictEqual(sent, ["a", "a"])
    await answer(new Error("no answer"))
    assert.deepStrictEqual(sent, ["a", "a", "a"])
    assert.strictEqual(pauses(), 2)
    await answer(accepted(1))
    assert.deepStrictEqual(sent, ["a", "a", "a", "b"])
  })

  it("Outbox.drop() takes back what was never sent, and nothing else", async () => {
    const { answer, outbox, sent } = make()
    outbox.open()
    outbox.put(letter("a"))
    outbox.put(letter("b"))
    await turn()
    assert.isFalse(outbox.drop("a"))
    assert.isTrue(outbox.drop("b"))
    assert.isFalse(outbox.drop("c"))
    await answer(accepted(1))
    assert.deepStrictEqual(sent, ["a"])
  })

  it("arrived() lets each message of one's own stand for one letter of the same text, in order", () => {
    const page = [said(1, "bob", "ok"), said(2, "me", "ok"), said(3, "me", "yes")]
    const found = Outbox.arrived([letter("a", "ok"), letter("b", "ok"), letter("c", "yes")], page)
    assert.deepStrictEqual(
      found.map(([{ id }, { number }]) => [id, number]),
      [
        ["a", 2],
        ["c", 3]
      ]
    )
  })

  it("arrived() knows a file by its id", () => {
    const file = { name: "a", sizeBytes: 1, url: "http://h/files/f1/a" }
    const page = [{ ...said(1, "me", ""), file }]
    assert.lengthOf(Outbox.arrived([{ ...letter("a", ""), file: "f1" }], page), 1)
    assert.lengthOf(Outbox.arrived([{ ...letter("a", ""), file: "f2" }], page), 0)
    assert.lengthOf(Outbox.arrived([letter("a", "")], page), 0)
  })
})
