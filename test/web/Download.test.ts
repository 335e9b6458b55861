import { assert, describe, it } from "@effect/vitest"
import * as Download from "../../src/web/net/Download.ts"

const content = Uint8Array.from({ length: 1000 }, (_, index) => (index * 31) & 0xff)

interface Asked {
  readonly range: string | null
  readonly ifRange: string | null
}

/** A server whose connections break after so many bytes each, and that may exchange the file meanwhile. */
const serve = (breaks: ReadonlyArray<number | "refused" | number>, isChanged = false) => {
  const asked: Array<Asked> = []
  const source: Download.Source = {
    wait: async () => {},
    fetch: async (_, { headers }) => {
      const given = new Headers(headers)
      const range = given.get("range")
      asked.push({ range, ifRange: given.get("if-range") })
      const limit = breaks[asked.length - 1] ?? Infinity
      if (limit === "refused") throw new TypeError("Failed to fetch")
      const tag = isChanged && asked.length > 1 ? '"two"' : '"one"'
      const isSame = given.get("if-range") === tag
      const from = range !== null && isSame ? Number(/\d+/.exec(range)) : 0
      const rest = content.subarray(from)
      let gone = 0
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull: (controller) => {
          if (gone >= limit) return controller.error(new TypeError("network error"))
          if (gone >= rest.length) return controller.close()
          const piece = rest.slice(gone, Math.min(gone + 100, limit))
          gone += piece.length
          controller.enqueue(piece)
        }
      })
      return new Response(body, { status: from > 0 ? 206 : 200, headers: { etag: tag } })
    }
  }
  return { asked, source }
}

const bytes = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer())

describe("Download", () => {
  it("fetchAll() goes on where the connection broke", async () => {
    const { asked, source } = serve([250, "refused", 300])
    const told: Array<number> = []
    assert.deepStrictEqual(await bytes(await Download.fetchAll(source, "/f", (come) => told.push(come))), content)
    assert.deepStrictEqual(asked, [
      { range: null, ifRange: null },
      { range: "bytes=250-", ifRange: '"one"' },
      { range: "bytes=250-", ifRange: '"one"' },
      { range: "bytes=550-", ifRange: '"one"' }
    ])
    assert.deepStrictEqual(
      told,
      [...told].sort((a, b) => a - b)
    )
    assert.strictEqual(told.at(-1), 1000)
  })

  it("fetchAll() begins anew when the file is another", async () => {
    const { source } = serve([250], true)
    assert.deepStrictEqual(await bytes(await Download.fetchAll(source, "/f", () => {})), content)
  })

  it("fetchAll() does not ask again for what is gone", async () => {
    let count = 0
    const source: Download.Source = {
      wait: async () => {},
      fetch: async () => {
        count += 1
        return new Response("", { status: 404 })
      }
    }
    const failed = await Download.fetchAll(source, "/f", () => {}).catch((error: unknown) => error)
    assert.instanceOf(failed, Download.Unavailable)
    assert.strictEqual(count, 1)
  })

  it("fetchAll() gives up when nothing ever comes", async () => {
    const { asked, source } = serve(Array.from({ length: 50 }, () => "refused" as const))
    const failed = await Download.fetchAll(source, "/f", () => {}).catch((error: unknown) => error)
    assert.instanceOf(failed, TypeError)
    assert.isBelow(asked.length, 20)
  })

  it("ownUrl() finds a file on the server of the page, whatever name the link gives that", () => {
    assert.strictEqual(Download.ownUrl("http://127.0.0.1:8080/files/Xy1/a%20b.txt"), "/files/Xy1/a%20b.txt")
    assert.strictEqual(Download.ownUrl("https://chat.example/files/Xy1/a.txt"), "/files/Xy1/a.txt")
    assert.strictEqual(Download.ownUrl("https://elsewhere.example/a.txt"), "https://elsewhere.example/a.txt")
  })
})
