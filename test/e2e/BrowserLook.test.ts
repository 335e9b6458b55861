import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import * as Browser from "./Browser.ts"
import { act } from "./Browser.ts"
import * as Clients from "./Clients.ts"
import * as TestServer from "./TestServer.ts"
import * as Users from "./Users.ts"

const test = Browser.executable === undefined ? it.live.skip : it.live

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

interface Finding {
  readonly id: string
  readonly impact: string | null
  readonly nodes: ReadonlyArray<{ readonly html: string }>
}

/** What keeps people from using a page as it is now, and how many rules it was held against. */
const findings = async (page: Page) => {
  await page.evaluate(axe)
  const { passes, violations } = await page.evaluate<{
    passes: ReadonlyArray<Finding>
    violations: ReadonlyArray<Finding>
  }>("axe.run()")
  return {
    checked: passes.length,
    found: violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html }) => html).join(" ")}`)
  }
}

const isUsable = (page: Page, where: string) =>
  act(async () => {
    // What moves in has arrived.
    await page.evaluate("Promise.all(document.getAnimations().map((it) => it.finished.catch(() => {})))")
    const { checked, found } = await findings(page)
    assert.deepStrictEqual(found, [], where)
    assert.isAbove(checked, 10, where)
    const width = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth")
    assert.isAtMost(width, 0, `${where} is as wide as the screen`)
  })

const screens = [
  { name: "a desktop", viewport: { width: 1280, height: 800 }, isPhone: false },
  { name: "a phone", viewport: { width: 360, height: 740 }, isPhone: true }
] as const

describe("the look of the chat page", () => {
  for (const { isPhone, name, viewport } of screens) {
    for (const colorScheme of ["light", "dark"] as const) {
      test(`has no barriers on ${name}, ${colorScheme}`, () =>
        Effect.gen(function* () {
          const browser = yield* Browser.launch
          const url = yield* TestServer.urlOf("sockets")
          const bob = yield* Clients.sockets(url)
          yield* bob.ask("register", "bob")
          for (const enter of [Users.toss, Users.chatmaster, Users.packet]) yield* enter
          const visitor = yield* Browser.visit(browser, url, {
            viewport,
            colorScheme,
            hasTouch: isPhone,
            isMobile: isPhone
          })
          const { page } = visitor
          yield* act(async () => {
            await page.getByLabel("Your name").fill("bob")
            await page.getByRole("button", { name: "Enter" }).click()
            await page.getByRole("alert").getByText("taken").waitFor()
          })
          yield* isUsable(page, "the entrance")
          yield* Browser.enter(visitor, "Ada")
          yield* bob.ask("message", { from: "", message: `see https://example.org/${"x".repeat(200)}` })
          yield* bob.ask("direct", { to: "Ada", message: "psst" })
          yield* act(async () => {
            await page.locator("textarea").fill("hello")
            await page.getByRole("button", { name: "Send", exact: true }).click()
            const name = `${"a long name ".repeat(6)}.txt`
            await page.setInputFiles("input[type=file]", [{ name, mimeType: "text/plain", buffer: Buffer.from("a") }])
          })
          yield* isUsable(page, "the files to send")
          yield* act(async () => {
            await page.getByRole("button", { name: "Send", exact: true }).click()
            await page.locator(".download").waitFor()
          })
          yield* isUsable(page, "the conversation")
          if (isPhone) {
            yield* act(() => page.getByRole("button", { name: "Rooms, 1 unread" }).click())
            yield* isUsable(page, "the rooms")
            yield* act(() => page.keyboard.press("Escape"))
            yield* act(() => page.getByRole("button", { name: "5 members" }).click())
            yield* isUsable(page, "the members")
            yield* act(() => page.keyboard.press("Escape"))
            yield* act(() => page.getByRole("button", { name: "What to do with this room" }).click())
            yield* isUsable(page, "what to do")
            const small = yield* act(() =>
              page.evaluate<ReadonlyArray<string>>(`[...document.querySelectorAll("button, a.download")]
                .filter((it) => it.checkVisibility({ visibilityProperty: true }))
                .filter((it) => it.getBoundingClientRect().height < 44)
                .map((it) => it.outerHTML)`)
            )
            assert.deepStrictEqual(small, [])
          } else {
            yield* act(() => page.getByRole("button", { name: "New room" }).click())
            yield* isUsable(page, "a question")
            yield* act(() => page.keyboard.press("Escape"))
          }
          assert.deepStrictEqual(visitor.faults, [])
        }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))
    }
  }

  test("can be used without a mouse", () =>
    Effect.gen(function* () {
      const browser = yield* Browser.launch
      const url = yield* TestServer.urlOf("sockets")
      const bob = yield* Clients.sockets(url)
      yield* bob.ask("register", "bob")
      const { page } = yield* Browser.visit(browser, url)
      const focused = () =>
        page.evaluate<string>("document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()")
      yield* act(async () => {
        await page.keyboard.type("Ada")
        await page.keyboard.press("Enter")
        await page.getByText("Connected", { exact: true }).waitFor()
        await page.locator("textarea:focus").waitFor()
        await page.keyboard.type("hello")
        await page.keyboard.press("Enter")
      })
      assert.strictEqual(yield* bob.from("Ada"), "hello")
      const reached = new Set<string>()
      yield* act(async () => {
        for (let steps = 0; steps < 30; steps++) {
          await page.keyboard.press("Tab")
          reached.add(await focused())
        }
      })
      assert.includeMembers(
        [...reached],
        [
          "New room",
          "Change your name",
          "Leave the chat",
          "Make private",
          "Messages in general",
          "Attach files",
          "Send"
        ]
      )
      yield* act(async () => {
        await page.locator("aside").getByRole("button", { name: "bob" }).focus()
        await page.keyboard.press("Enter")
        await page.locator(".title", { hasText: "bob" }).waitFor()
        await page.locator("textarea:focus").waitFor()
        await page.keyboard.type("psst")
        await page.keyboard.press("Enter")
      })
      assert.strictEqual(yield* bob.from("Ada"), "(private) psst")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))
})
