import { assert, describe, it } from "@effect/vitest"
import { source as axe } from "axe-core"
import { Effect, Stream } from "effect"
import type { Page } from "playwright-core"
import { ConsoleGateway } from "../../src/app/ConsoleGateway.ts"
import { ProtocolName } from "../../src/domain/Message.ts"
import { Chat, Visitor } from "../../src/mod.ts"
import { operatorToken } from "../api/Asking.ts"
import * as Browser from "./Browser.ts"
import { act, eventually } from "./Browser.ts"
import * as TestServer from "./TestServer.ts"

const test = Browser.executable === undefined ? it.live.skip : it.live

const layer = TestServer.layer({ storage: "memory" })

/** Somebody who is connected from elsewhere. */
const peer = Effect.fnUntraced(function* (name: string, address: string) {
  const chat = yield* Chat
  const outlet = { deliver: () => {}, hangUp: () => {}, queuedBytes: () => 2048 }
  return yield* chat.login({ name, protocol: ProtocolName.make("toss"), address, outlet })
})

const logIn = Effect.fnUntraced(function* (options?: Parameters<typeof Browser.open>[0]) {
  const url = yield* TestServer.urlOf("sockets")
  const token = yield* operatorToken
  const { faults, page } = yield* Browser.open(options)
  yield* act(async () => {
    await page.goto(`${url}/admin`)
    await page.getByLabel("Token").fill(token)
    await page.getByRole("button", { name: "Log in" }).click()
    await page.getByRole("heading", { name: "Connections by protocol" }).waitFor()
  })
  // The page asks whether it is logged in, and is told that it is not.
  return { page, faults: () => faults.filter((fault) => !fault.includes("401")), url }
})

/** What the rules of accessibility find grave. */
const graveFaults = (page: Page) =>
  act(async () => {
    await page.evaluate(axe)
    const found: ReadonlyArray<{ readonly id: string; readonly impact: string; readonly nodes: ReadonlyArray<{}> }> =
      await page.evaluate("axe.run().then(({ violations }) => violations)")
    return found
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${JSON.stringify(nodes[0])}`)
  })

const row = (page: Page, name: string) => page.locator(".peers tbody tr", { hasText: name })
const dialog = (page: Page) => page.getByRole("dialog")

describe("the operator page", () => {
  test("lets nobody in without the token, and out again", () =>
    Effect.gen(function* () {
      const url = yield* TestServer.urlOf("sockets")
      const token = yield* operatorToken
      const { page } = yield* Browser.open()
      yield* act(async () => {
        await page.goto(`${url}/admin`)
        await page.getByLabel("Token").fill("wrong")
        await page.getByLabel("Token").press("Enter")
        await page.getByRole("alert").filter({ hasText: "This is not the token." }).waitFor()
        await page.getByLabel("Token").fill(token)
        await page.getByLabel("Token").press("Enter")
        await page.getByText("Nobody is connected.").waitFor()
        await page.reload()
        await page.getByText("Nobody is connected.").waitFor()
        assert.notInclude(await page.evaluate("document.cookie"), "parlance")
        await page.getByRole("button", { name: "Log out" }).click()
        await page.getByLabel("Token").waitFor()
        await page.reload()
        await page.getByLabel("Token").waitFor()
      })
    }).pipe(Effect.scoped, Effect.provide(layer)))

  test("kicks and bans, when asked twice", () =>
    Effect.gen(function* () {
      yield* peer("Ada", "192.0.2.1")
      yield* peer("Grace", "192.0.2.2")
      yield* peer("Edsger", "192.0.2.2")
      const { faults, page } = yield* logIn()
      yield* act(async () => {
        await row(page, "Ada").getByRole("button", { name: "Kick" }).click()
        await dialog(page).getByRole("button", { name: "Cancel" }).click()
        await row(page, "Ada").getByRole("button", { name: "Kick" }).click()
        await dialog(page).getByRole("button", { name: "Kick" }).click()
        await row(page, "Ada").waitFor({ state: "detached" })
        await page.getByLabel("Filter peers").fill("edsg")
        await row(page, "Grace").waitFor({ state: "detached" })
        await row(page, "Edsger").getByRole("button", { name: "Ban" }).click()
        await dialog(page).getByLabel("Minutes").fill("x")
        await dialog(page).getByRole("button", { name: "Ban" }).click()
        await dialog(page).getByText("The minutes must be a whole number.").waitFor()
        await dialog(page).getByLabel("Minutes").fill("60")
        await dialog(page).getByRole("button", { name: "Ban" }).click()
        await page.getByText("Nobody is connected.").waitFor()
        await page.getByRole("button", { name: "Lift the ban of 192.0.2.2" }).click()
        await page.getByText("No address is banned.").waitFor()
      })
      assert.deepStrictEqual(faults(), [])
    }).pipe(Effect.scoped, Effect.provide(layer)))

  test("speaks to everybody, and shows rooms and refusals", () =>
    Effect.gen(function* () {
      const ada = yield* Visitor.make("Ada")
      yield* ada.run({ _tag: "JoinRoom", room: "den" })
      yield* ada.run({ _tag: "SetPrivate", isPrivate: true })
      yield* Effect.flip(Visitor.make("ada"))
      const { page } = yield* logIn()
      yield* act(async () => {
        await page.locator("li", { hasText: "den, private" }).getByText("Ada").waitFor()
        await page.locator("li", { hasText: "NameTaken" }).waitFor()
        await page.getByRole("textbox", { name: "Say to everybody" }).fill("dinner")
        await page.getByRole("button", { name: "Say", exact: true }).click()
        await page.getByText("Said to one peer.").waitFor()
      })
    }).pipe(Effect.scoped, Effect.provide(layer)))

  test("draws what happens", () =>
    Effect.gen(function* () {
      const ada = yield* Visitor.make("Ada")
      const { faults, page } = yield* logIn()
      const chart = page.getByRole("region", { name: "Messages per second" })
      yield* act(() => chart.locator("li", { hasText: "said 0" }).waitFor())
      yield* Effect.repeat(ada.run({ _tag: "Say", text: "hello" }), { times: 30 })
      yield* act(async () => {
        await chart.locator("li", { hasText: /^said (?!0)\d/ }).waitFor()
        assert.strictEqual(await page.locator(".chart canvas").count(), 5)
        const isDrawn = `[...document.querySelectorAll(".chart canvas")].every((canvas) =>
          canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0))`
        assert.isTrue(await page.evaluate(isDrawn))
        await page.getByRole("region", { name: "Connections by protocol" }).getByText("embedded 1").waitFor()
      })
      assert.deepStrictEqual(faults(), [])
    }).pipe(Effect.scoped, Effect.provide(layer)))

  test("carries out the commands of the console", () =>
    Effect.gen(function* () {
      const gateway = yield* ConsoleGateway
      yield* gateway.open({
        serve: ({ clear, lines, print }) =>
          lines.pipe(
            Stream.runForEach((line) => (line === ":cc" ? Effect.sync(() => clear?.()) : print(`answer to ${line}`)))
          )
      })
      const { page } = yield* logIn()
      yield* act(async () => {
        const input = page.getByRole("textbox", { name: "Command" })
        const log = page.getByRole("log")
        await input.fill(":list")
        await input.press("Enter")
        await log.getByText("answer to :list").waitFor()
        await input.fill(":info")
        await input.press("Enter")
        await log.getByText("answer to :info").waitFor()
        await input.press("ArrowUp")
        await input.press("ArrowUp")
        assert.strictEqual(await input.inputValue(), ":list")
        await input.fill(":exit")
        await input.press("Enter")
        await dialog(page).getByRole("button", { name: "Cancel" }).click()
        assert.strictEqual(await log.getByText(":exit").count(), 0)
        await input.fill(":cc")
        await input.press("Enter")
        await log.getByText("answer to :list").waitFor({ state: "detached" })
      })
    }).pipe(Effect.scoped, Effect.provide(layer)))

  for (const [device, viewport] of [
    ["a desktop", { width: 1280, height: 800 }],
    ["a phone", { width: 360, height: 740 }]
  ] as const) {
    test(`has long lists in its window on ${device}, and scrolls by keys`, () =>
      Effect.gen(function* () {
        for (let number = 1; number <= 150; number++) {
          const session = yield* peer(`peer ${number}`, "192.0.2.1")
          yield* Chat.use((chat) => chat.run(session, { _tag: "JoinRoom", room: `room ${number}` }))
        }
        const { page } = yield* logIn({ viewport })
        yield* act(async () => {
          await row(page, "peer 150").waitFor()
          assert.strictEqual(await page.evaluate("page.scrollTop"), 0)
          await page.keyboard.press("End")
        })
        yield* eventually("the end is shown", () =>
          page.evaluate<boolean>("page.scrollTop > 0 && page.scrollHeight - page.scrollTop - page.clientHeight < 2")
        )
      }).pipe(Effect.scoped, Effect.provide(layer)))
  }

  test("makes a bot, whose token posts, and revokes it", () =>
    Effect.gen(function* () {
      const { page, url } = yield* logIn()
      yield* act(async () => {
        await page.getByRole("button", { name: "Make a bot" }).click()
        await dialog(page).getByLabel("Name").fill("Weather")
        await dialog(page).getByRole("button", { name: "Make" }).click()
        const token = await page.locator(".token code").textContent()
        const posted = await fetch(`${url}/api/v1/rooms/general/messages`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify({ text: "rain" })
        })
        assert.strictEqual(posted.status, 201)
        await row(page, "Weather").waitFor()
        await page.getByRole("button", { name: "Revoke Weather" }).click()
        await dialog(page).getByRole("button", { name: "Revoke" }).click()
        await row(page, "Weather").waitFor({ state: "detached" })
      })
    }).pipe(Effect.scoped, Effect.provide(layer)))

  for (const [device, viewport] of [
    ["a desktop", { width: 1280, height: 800 }],
    ["a phone", { width: 360, height: 740 }]
  ] as const) {
    for (const colorScheme of ["light", "dark"] as const) {
      test(`can be used by everybody on ${device}, ${colorScheme}`, () =>
        Effect.gen(function* () {
          yield* peer("Ada of a name that is as long as names may be, which is 64 units", "2001:db8:1234:5678:9abc::1")
          const refused = yield* Effect.flip(Visitor.make("Server"))
          assert.strictEqual(refused._tag, "NameReserved")
          const { page } = yield* logIn({ viewport, colorScheme })
          yield* act(() => row(page, "Ada").waitFor())
          assert.deepStrictEqual(yield* graveFaults(page), [])
          assert.strictEqual(yield* act(() => page.evaluate("document.documentElement.scrollWidth")), viewport.width)
          yield* act(() => row(page, "Ada").getByRole("button", { name: "Ban" }).click())
          assert.deepStrictEqual(yield* graveFaults(page), [])
        }).pipe(Effect.scoped, Effect.provide(layer)))
    }
  }
})
