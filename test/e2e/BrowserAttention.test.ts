import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Browser from "./Browser.ts"
import { act, eventually } from "./Browser.ts"
import * as Clients from "./Clients.ts"
import * as TestServer from "./TestServer.ts"

const test = Browser.executable === undefined ? it.live.skip : it.live

// What the page notifies of, in a window that somebody else is looking away from.
const lookAway = `
  window.notified = []
  window.Notification = class extends EventTarget {
    static permission = "default"
    static requestPermission = async () => (Notification.permission = "granted")
    constructor(title, { body }) {
      super()
      notified.push(title + ": " + body)
    }
    close() {}
  }
  document.hasFocus = () => false
`

describe("the attention that the chat page draws", () => {
  test("is for direct messages and one's own name, when it is wanted", () =>
    Effect.gen(function* () {
      const browser = yield* Browser.launch
      const url = yield* TestServer.urlOf("sockets")
      const visitor = yield* Browser.visit(browser, "about:blank")
      yield* act(() => visitor.page.addInitScript(lookAway))
      yield* act(() => visitor.page.goto(url))
      const ada = yield* Browser.enter(visitor, "Ada")
      const bob = yield* Clients.sockets(url)
      yield* bob.ask("register", "bob")
      const notified = () => ada.page.evaluate<ReadonlyArray<string>>("notified")
      const say = (message: string) => bob.ask("message", { from: "", message })
      const tell = (message: string) => bob.ask("direct", { to: "Ada", message })

      yield* tell("not yet")
      yield* act(() => ada.page.getByRole("button", { name: "Notify me" }).click())
      yield* act(() => ada.page.getByRole("button", { name: "Do not notify me" }).waitFor())
      yield* say("nothing for anybody")
      yield* say("well, ada?")
      yield* tell("psst")
      yield* eventually("all is heard", async () => (await ada.page.title()) === "(2) general – Parlance")
      assert.deepStrictEqual(yield* act(notified), ["bob in general: well, ada?", "bob: psst"])
      const icon = yield* act(() => ada.page.locator("link[rel=icon]").getAttribute("href"))
      assert.include(icon, "unread")

      yield* act(() => ada.page.getByRole("button", { name: "Do not notify me" }).click())
      yield* tell("never")
      yield* eventually("all is heard", async () => (await ada.page.title()) === "(3) general – Parlance")
      assert.lengthOf(yield* act(notified), 2)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))
})
