import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Browser from "./Browser.ts"
import { act, eventually, placeIn } from "./Browser.ts"
import * as Clients from "./Clients.ts"
import * as TestServer from "./TestServer.ts"

const test = Browser.executable === undefined ? it.live.skip : it.live

const count = 180

/** A room with a history, and somebody who comes to read it. */
const given = Effect.fnUntraced(function* (options?: Parameters<typeof Browser.visit>[2]) {
  const browser = yield* Browser.launch
  const url = yield* TestServer.urlOf("sockets")
  const bob = yield* Clients.sockets(url)
  yield* bob.ask("register", "bob")
  for (let number = 1; number <= count; number++) {
    const message = `message ${number} ${"and so on ".repeat(number % 7)}`.trim()
    yield* bob.ask("message", { from: "", message })
  }
  const visitor = yield* Browser.visit(browser, url, options)
  yield* act(() =>
    visitor.page.evaluate(`
      window.shift = 0
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value
      }).observe({ type: "layout-shift", buffered: true })
    `)
  )
  const ada = yield* Browser.enter(visitor, "Ada")
  yield* ada.hears("bob", `message ${count}`)
  return { ada, bob }
})

const scroller = `document.querySelector(".scroller")`

/** What is read at the upper edge, and how far from it that is. */
const atEdge = (person: Browser.Person) =>
  act(() =>
    person.page.evaluate<{ text: string; top: number }>(`(() => {
      const box = ${scroller}.getBoundingClientRect()
      const row = [...document.querySelectorAll(".said")].find((it) => it.getBoundingClientRect().bottom > box.top + 40)
      return { text: row.querySelector(".text").textContent, top: row.getBoundingClientRect().top }
    })()`)
  )

const distanceToEnd = (person: Browser.Person) =>
  person.page.evaluate<number>(`${scroller}.scrollHeight - ${scroller}.scrollTop - ${scroller}.clientHeight`)

const shift = (person: Browser.Person) => act(() => person.page.evaluate<number>("window.shift"))

describe("reading in the chat page", () => {
  test("begins at the end, and loads the history backwards without moving what is read", () =>
    Effect.gen(function* () {
      const { ada } = yield* given()
      assert.isBelow(yield* act(() => distanceToEnd(ada)), 2)
      assert.isBelow((yield* ada.texts).length, count)
      for (let turns = 0; (yield* ada.texts).length < count; turns++) {
        assert.isBelow(turns, 20)
        const before = yield* ada.texts
        yield* act(() => ada.page.evaluate(`${scroller}.scrollTop = 500`))
        const edge = yield* atEdge(ada)
        yield* eventually("more comes", async () => (await ada.page.locator(".said").count()) > before.length)
        const after = yield* atEdge(ada)
        assert.strictEqual(after.text, edge.text)
        assert.isBelow(Math.abs(after.top - edge.top), 2)
      }
      const texts = yield* ada.texts
      assert.deepStrictEqual(
        texts.map((text) => Number(/\d+/.exec(text))),
        Array.from({ length: count }, (_, index) => index + 1)
      )
      yield* act(() => ada.page.locator(".beginning", { hasText: "This is where general begins." }).waitFor())
      yield* act(() => ada.page.locator(".day").first().waitFor())
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("is not disturbed by what comes, but for who reads at the end", () =>
    Effect.gen(function* () {
      const { ada, bob } = yield* given()
      yield* bob.ask("message", { from: "", message: "at the end" })
      yield* ada.hears("bob", "at the end")
      yield* eventually("the end is shown", async () => (await distanceToEnd(ada)) < 2)
      yield* act(() => ada.page.evaluate(`${scroller}.scrollTop -= 500`))
      const edge = yield* atEdge(ada)
      yield* bob.ask("message", { from: "", message: "not seen yet" })
      yield* act(() => ada.page.getByRole("button", { name: "1 new message" }).waitFor())
      assert.deepStrictEqual(yield* atEdge(ada), edge)
      yield* act(() => ada.page.getByRole("button", { name: "1 new message" }).click())
      yield* eventually("the end is shown", async () => (await distanceToEnd(ada)) < 2)
      assert.strictEqual(yield* act(() => ada.page.locator(".pill").count()), 0)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  for (const [device, options] of [
    ["a desktop", { viewport: { width: 1280, height: 800 } }],
    ["a phone", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }]
  ] as const) {
    test(`begins where the unread messages do, on ${device}`, () =>
      Effect.gen(function* () {
        const { ada, bob } = yield* given(options)
        const { page } = ada
        const go = (place: string) =>
          act(async () => {
            if (options.viewport.width < 720) await page.getByRole("button", { name: /^Rooms/ }).click()
            await placeIn(page, place).click()
            await page.locator(".title", { hasText: place }).waitFor()
          })
        yield* bob.ask("direct", { to: "Ada", message: "psst" })
        yield* eventually("it is heard", async () => (await page.locator(".place", { hasText: "bob" }).count()) === 1)
        yield* go("bob")
        for (let number = 1; number <= 40; number++)
          yield* bob.ask("message", { from: "", message: `unread ${number}` })
        yield* eventually("all is heard", async () => (await page.title()).startsWith("(40)"))
        yield* go("general")
        const distance = yield* act(() =>
          page.evaluate<number>(`(() => {
            const middle = (it) => (it.getBoundingClientRect().top + it.getBoundingClientRect().bottom) / 2
            return middle(document.querySelector(".unread-mark")) - middle(${scroller})
          })()`)
        )
        assert.isBelow(Math.abs(distance), 2)
        const header = yield* act(() =>
          page.evaluate<number>(`document.querySelector(".header").getBoundingClientRect().top`)
        )
        assert.strictEqual(header, 0)
        assert.deepStrictEqual(ada.faults, [])
      }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))
  }

  test("has a layout that does not jump", () =>
    Effect.gen(function* () {
      const { ada, bob } = yield* given()
      for (const message of ["one", "two", "three\nfour"]) yield* bob.ask("message", { from: "", message })
      yield* ada.hears("bob", "four")
      yield* ada.say("mine")
      yield* eventually("it is sent", async () => (await ada.page.locator("[data-own=true]").count()) === 1)
      assert.isBelow(yield* shift(ada), 0.1)
      assert.deepStrictEqual(ada.faults, [])
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))
})
