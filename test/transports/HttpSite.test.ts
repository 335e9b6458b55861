import { assert, describe, it } from "@effect/vitest"
import { isOriginOf, servedHosts } from "../../src/transports/HttpSite.ts"

describe("isOriginOf()", () => {
  it("takes a port that goes without saying for one that is said", () => {
    const cases: ReadonlyArray<readonly [string, string | undefined, boolean]> = [
      ["https://chat.example", "chat.example", true],
      ["https://chat.example", "chat.example:443", true],
      ["http://chat.example", "CHAT.example:80", true],
      ["http://[::1]:8080", "[::1]:8080", true],
      ["https://chat.example", "chat.example:80", false],
      ["http://chat.example", "chat.example:443", false],
      ["http://chat.example", "chat.example:8080", false],
      ["https://chat.example", "evil@chat.example", false],
      ["https://chat.example", "chat.example/", false],
      ["https://chat.example", "", false],
      ["https://chat.example", undefined, false],
      ["null", "null", false],
      ["file://", "", false]
    ]
    for (const [origin, host, is] of cases) assert.strictEqual(isOriginOf(origin, host), is, `${origin} ${host}`)
  })
})

describe("servedHosts()", () => {
  const isServed = servedHosts(["https://chat.example", "http://Other.example:8080"], "Box.lan")

  it("knows addresses, this machine, the names that were set, and who names none", () => {
    for (const host of [
      undefined,
      "",
      "127.0.0.1:8080",
      "192.0.2.7",
      "[::1]:8080",
      "[2001:db8::1]",
      "[fe80::1%eth0]:80",
      "localhost",
      "LOCALHOST:8080",
      "localhost.:80",
      "chat.localhost:8080",
      "box.lan:8080",
      "box",
      "box.local",
      "chat.example",
      "chat.example:443",
      "other.example"
    ]) {
      assert.isTrue(isServed(host), host)
    }
  })

  it("knows no other name", () => {
    for (const host of [
      "evil.example",
      "evil.example:8080",
      "chat.example.evil",
      "x.chat.example",
      "notlocalhost",
      "localhost.evil",
      "127.0.0.1.evil.example",
      "evil@127.0.0.1",
      "[evil]",
      ":80",
      ".",
      "a:b:c"
    ]) {
      assert.isFalse(isServed(host), host)
    }
    assert.isTrue(servedHosts(["*"])("evil.example"))
  })
})
