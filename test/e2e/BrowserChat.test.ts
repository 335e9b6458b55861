import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Browser from "./Browser.ts"
import { act, eventually, placeIn } from "./Browser.ts"
import * as TestServer from "./TestServer.ts"
import * as Users from "./Users.ts"

const test = Browser.executable === undefined ? it.live.skip : it.live

/** Two people in two pages of their own. */
const two = Effect.gen(function* () {
  const browser = yield* Browser.launch
  const url = yield* TestServer.urlOf("sockets")
  const ada = yield* Browser.person(browser, url, "Ada")
  const grace = yield* Browser.person(browser, url, "Grace")
  return { ada, browser, grace, url }
})

const room = (person: Browser.Person, name: string, isPrivate: boolean) =>
  act(async () => {
    await person.page.getByRole("button", { name: "New room" }).click()
    await person.page.getByLabel("Name", { exact: true }).fill(name)
    if (isPrivate) await person.page.getByRole("checkbox").check()
    await person.page.getByRole("button", { name: "Create" }).click()
    await person.page.locator(".title", { hasText: name }).waitFor()
    await person.page.locator("dialog").waitFor({ state: "detached" })
  })

describe("the chat page", () => {
  test("is where people of all protocols meet", () =>
    Effect.gen(function* () {
      const { ada, grace } = yield* two
      const users = yield* Effect.all([Users.toss, Users.tsockm, Users.chatmaster, Users.packet])
      for (const user of users) {
        const { name } = user
        for (const { page } of [ada, grace]) {
          const member = page.locator("aside .member", { hasText: name })
          assert.strictEqual(yield* act(() => member.locator(".badge").textContent()), name.toLowerCase())
        }
        const text = `hello from ${name}: ñ 漢字 🎉`
        yield* user.say(text)
        for (const person of [ada, grace]) yield* person.hears(name, text)
        for (const other of users) {
          if (other !== user) assert.deepStrictEqual(yield* other.hears, { from: name, text })
        }
      }
      yield* ada.say("hello from a page")
      yield* grace.hears("Ada", "hello from a page")
      for (const user of users) {
        assert.deepStrictEqual(yield* user.hears, { from: "Ada", text: "hello from a page" }, user.name)
      }
      assert.deepStrictEqual([...ada.faults, ...grace.faults], [])
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("shows why a name is refused, and takes the next", () =>
    Effect.gen(function* () {
      const { browser, url } = yield* two
      const visitor = yield* Browser.visit(browser, url)
      const { page } = visitor
      for (const [name, refusal] of [
        ["ada", "Username is already taken."],
        ["Server", "Username is reserved."],
        ["", "Name must have 1 to 64 characters and no control characters."]
      ] as const) {
        yield* act(async () => {
          await page.getByLabel("Your name").fill(name)
          await page.getByRole("button", { name: "Enter" }).click()
          await page.getByRole("alert").getByText(refusal).waitFor()
        })
      }
      yield* Browser.enter(visitor, "Linus")
      assert.deepStrictEqual(visitor.faults, [])
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("sends with Enter, breaks lines with Shift-Enter, and shows texts as they are", () =>
    Effect.gen(function* () {
      const { ada, grace } = yield* two
      yield* act(async () => {
        const field = ada.page.getByRole("textbox", { name: "Message in general" })
        await field.pressSequentially("<b>one</b> *two*")
        await field.press("Shift+Enter")
        await field.pressSequentially("see https://example.org/a_(b), ok")
        await field.press("Enter")
      })
      const text = "<b>one</b> *two*\nsee https://example.org/a_(b), ok"
      yield* grace.hears("Ada", "see https")
      assert.deepStrictEqual(yield* grace.texts, [text])
      const link = grace.page.locator(".said a")
      assert.strictEqual(yield* act(() => link.getAttribute("href")), "https://example.org/a_(b)")
      assert.strictEqual(yield* act(() => link.getAttribute("rel")), "noopener noreferrer nofollow")
      assert.strictEqual(yield* act(() => ada.page.locator("textarea").inputValue()), "")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("keeps a private room from those who are not invited", () =>
    Effect.gen(function* () {
      const { ada, grace } = yield* two
      yield* room(ada, "attic", false)
      yield* act(() => grace.page.reload())
      yield* act(() => placeIn(grace.page, "attic").waitFor())
      yield* act(() => ada.page.getByRole("button", { name: "Make private" }).click())
      yield* act(() => ada.page.locator(".noted", { hasText: "This room is private now" }).waitFor())
      yield* ada.say("between us")
      yield* act(() => grace.page.reload())
      yield* act(() => grace.page.getByText("Connected", { exact: true }).waitFor())
      yield* act(() => placeIn(grace.page, "python").waitFor())
      assert.strictEqual(yield* act(() => placeIn(grace.page, "attic").count()), 0)
      // Who guesses its name is told no more than that.
      yield* act(async () => {
        await grace.page.getByRole("button", { name: "New room" }).click()
        await grace.page.getByLabel("Name", { exact: true }).fill("attic")
        await grace.page.getByRole("button", { name: "Create" }).click()
        await grace.page.getByRole("alert").getByText("Channel is private.").waitFor()
        await grace.page.getByRole("button", { name: "Cancel" }).click()
      })
      yield* act(async () => {
        await ada.page.getByRole("button", { name: "Invite somebody" }).click()
        await ada.page.getByLabel("Name", { exact: true }).fill("Grace")
        await ada.page.getByRole("button", { name: "Invite", exact: true }).click()
        await grace.page.locator(".toast", { hasText: "Ada has invited you to attic." }).waitFor()
        await grace.page.locator(".toast").getByRole("button", { name: "Join" }).click()
      })
      yield* grace.hears("Ada", "between us")
      yield* act(() => ada.page.locator(".moved", { hasText: "Grace joined" }).waitFor())
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("counts what is unread, by room and in the title, and marks where it begins", () =>
    Effect.gen(function* () {
      const { ada, grace } = yield* two
      yield* room(ada, "attic", false)
      yield* act(() => grace.page.reload())
      yield* grace.go("attic")
      yield* act(() => grace.page.locator(".title", { hasText: "attic" }).waitFor())
      yield* grace.say("here I am")
      yield* ada.hears("Grace", "here I am")
      yield* ada.go("general")
      yield* grace.say("one")
      yield* grace.say("two")
      yield* act(() => placeIn(ada.page, "attic").locator(".count", { hasText: "2" }).waitFor())
      assert.strictEqual(yield* act(() => ada.page.title()), "(2) general – Parlance")
      yield* ada.go("attic")
      yield* ada.hears("Grace", "two")
      const after = ada.page.locator(".unread-mark ~ .said .text")
      assert.deepStrictEqual(yield* act(() => after.allTextContents()), ["one", "two"])
      assert.strictEqual(yield* act(() => ada.page.title()), "attic – Parlance")
      assert.strictEqual(yield* act(() => placeIn(ada.page, "attic").locator(".count").count()), 0)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("carries direct messages, to pages and to other clients", () =>
    Effect.gen(function* () {
      const { ada, grace } = yield* two
      const toss = yield* Users.toss
      yield* act(() => ada.page.locator("aside .member", { hasText: "Grace" }).click())
      yield* ada.say("psst")
      yield* grace.go("Ada")
      yield* grace.hears("Ada", "psst")
      yield* grace.say("yes?")
      yield* ada.hears("Grace", "yes?")
      yield* act(() => ada.page.locator(".subtitle", { hasText: "Only the two of you" }).waitFor())
      yield* ada.go("general")
      yield* act(() => ada.page.locator("aside .member", { hasText: "Toss" }).click())
      yield* ada.say("to you alone")
      const heard = yield* toss.hears
      assert.include(heard.text, "to you alone")
      assert.strictEqual(heard.from, "Ada")
      yield* grace.go("general")
      assert.notInclude((yield* grace.texts).join(), "to you alone")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("tells who comes and goes in one line, and answers slash commands", () =>
    Effect.gen(function* () {
      const { ada, grace } = yield* two
      yield* act(() => ada.page.locator(".moved", { hasText: "Grace joined" }).waitFor())
      for (const name of ["b1", "b2"]) {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const browser = yield* Browser.launch
            yield* Browser.person(browser, yield* TestServer.urlOf("sockets"), name)
          })
        )
      }
      const line = ada.page.locator(".moved > details > summary")
      yield* eventually(
        "one line tells of all",
        async () => (await line.allTextContents()).join() === "Grace joined · b1 and b2 came and went"
      )
      yield* grace.say("/who")
      yield* act(() => grace.page.locator(".noted", { hasText: "Ada" }).waitFor())
      assert.deepStrictEqual(yield* ada.texts, [])
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("renames", () =>
    Effect.gen(function* () {
      const { ada, grace } = yield* two
      yield* act(async () => {
        await ada.page.getByRole("button", { name: "Change your name" }).click()
        await ada.page.getByLabel("Name", { exact: true }).fill("GRACE")
        await ada.page.getByRole("button", { name: "Change", exact: true }).click()
        await ada.page.getByRole("alert").getByText("Username is already taken.").waitFor()
        await ada.page.getByLabel("Name", { exact: true }).fill("Ada L.")
        await ada.page.getByRole("button", { name: "Change", exact: true }).click()
        await ada.page.locator(".self .name", { hasText: "Ada L." }).waitFor()
        await grace.page.locator(".moved", { hasText: "Ada is now Ada L." }).waitFor()
        await grace.page.locator("aside .member", { hasText: "Ada L." }).waitFor()
      })
      yield* ada.say("under a new name")
      yield* grace.hears("Ada L.", "under a new name")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))
})
