import { assert, describe, it } from "@effect/vitest"
import { publicUrl } from "../../src/app/PublicUrl.ts"

const address = () => "192.0.2.7"

describe("publicUrl()", () => {
  it("is the configured address, if there is one", () => {
    assert.strictEqual(
      publicUrl("https://chat.example.org", "http://0.0.0.0:8080", address),
      "https://chat.example.org"
    )
  })

  it("is the address that is listened on, or one of the machine where that is all of them", () => {
    assert.strictEqual(publicUrl("", "http://127.0.0.1:8080", address), "http://127.0.0.1:8080")
    assert.strictEqual(publicUrl("", "http://0.0.0.0:8080", address), "http://192.0.2.7:8080")
    assert.strictEqual(publicUrl("", "http://[::]:8080", address), "http://192.0.2.7:8080")
    assert.match(publicUrl("", "http://0.0.0.0:8080"), /^http:\/\/[\d.]+:8080$/)
    assert.notInclude(publicUrl("", "http://0.0.0.0:8080"), "0.0.0.0")
  })
})
