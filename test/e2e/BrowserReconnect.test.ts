import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { Operator } from "../../src/services/Operator.ts"
import * as Browser from "./Browser.ts"
import { act, eventually, placeIn } from "./Browser.ts"
import * as Cable from "./Cable.ts"
import * as Clients from "./Clients.ts"
import * as RunningProgram from "./RunningProgram.ts"
import * as TestServer from "./TestServer.ts"

const test = Browser.executable === undefined ? it.live.skip : it.live

/** A page behind a cable that can be cut, and a client that hears all. */
const given = Effect.gen(function* () {
  const browser = yield* Browser.launch
  const url = yield* TestServer.urlOf("sockets")
  const cable = yield* Cable.make(url)
  const ada = yield* Browser.person(browser, cable.url, "Ada")
  const bob = yield* Clients.sockets(url)
  yield* bob.ask("register", "bob")
  return { ada, bob, browser, cable }
})

const status = (person: Browser.Person, text: string) =>
  act(() => person.page.locator(".self .link", { hasText: text }).waitFor({ timeout: 20_000 }))

/** What a client hears of somebody, up to a last message. */
const heardUntil = Effect.fnUntraced(function* (client: Clients.Sockets, from: string, last: string) {
  const heard: Array<string> = []
  while (heard.at(-1) !== last) heard.push(yield* client.from(from))
  return heard
})

describe("a chat page whose connection breaks", () => {
  test("says so, keeps what is written, and sends it once when it is back", () =>
    Effect.gen(function* () {
      const { ada, bob, cable } = yield* given
      yield* ada.say("before")
      cable.cut()
      yield* status(ada, "Reconnecting")
      yield* act(() => ada.page.locator(".subtitle", { hasText: "Reconnecting" }).waitFor())
      yield* ada.say("one")
      yield* ada.say("two")
      assert.strictEqual(yield* act(() => ada.page.locator(".said[data-delivery=waiting]").count()), 2)
      yield* bob.emit("message", { from: "", message: "missed" })
      cable.mend()
      yield* status(ada, "Connected")
      yield* ada.hears("bob", "missed")
      yield* ada.say("after")
      assert.deepStrictEqual(yield* heardUntil(bob, "Ada", "after"), ["before", "one", "two", "after"])
      yield* eventually("all is sent", async () => (await ada.page.locator(".said[data-delivery=sent]").count()) === 5)
      assert.deepStrictEqual(yield* ada.texts, ["before", "missed", "one", "two", "after"])
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("says nothing twice when only the answer was lost, in a room and to one user", () =>
    Effect.gen(function* () {
      const { ada, bob, cable } = yield* given
      cable.muffle()
      yield* ada.say("room")
      assert.strictEqual(yield* bob.from("Ada"), "room")
      assert.strictEqual(yield* act(() => ada.page.locator(".said[data-delivery=sending]").count()), 1)
      cable.cut()
      cable.mend()
      yield* status(ada, "Reconnecting")
      yield* status(ada, "Connected")
      yield* eventually("it is sent", async () => (await ada.page.locator(".said[data-delivery=sent]").count()) === 1)
      yield* act(() => ada.page.locator("aside .member", { hasText: "bob" }).click())
      cable.muffle()
      yield* ada.say("direct")
      assert.strictEqual(yield* bob.from("Ada"), "(private) direct")
      cable.cut()
      cable.mend()
      yield* status(ada, "Reconnecting")
      yield* status(ada, "Connected")
      yield* eventually("it is sent", async () => (await ada.page.locator(".said[data-delivery=sent]").count()) === 1)
      yield* ada.say("end")
      assert.deepStrictEqual(yield* heardUntil(bob, "Ada", "(private) end"), ["(private) end"])
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("goes back to its rooms, and keeps a private one private", () =>
    Effect.gen(function* () {
      const { ada, bob, cable } = yield* given
      yield* act(async () => {
        await ada.page.getByRole("button", { name: "New room" }).click()
        await ada.page.getByLabel("Name", { exact: true }).fill("attic")
        await ada.page.getByRole("checkbox").check()
        await ada.page.getByRole("button", { name: "Create" }).click()
        await ada.page.locator(".subtitle", { hasText: "Private" }).waitFor()
      })
      cable.cut()
      yield* status(ada, "Reconnecting")
      cable.mend()
      yield* status(ada, "Connected")
      yield* ada.say("in the attic")
      yield* eventually("it is sent", async () => (await ada.page.locator(".said[data-delivery=sent]").count()) === 1)
      yield* act(() => ada.page.locator(".subtitle", { hasText: "Private" }).waitFor())
      const rooms = (yield* bob.ask("rooms")) as { readonly rooms: ReadonlyArray<{ readonly name: string }> }
      assert.notInclude(
        rooms.rooms.map(({ name }) => name),
        "attic"
      )
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("stays away when an operator has closed it, until its user wants back", () =>
    Effect.gen(function* () {
      const { ada, bob } = yield* given
      const operator = yield* Operator
      yield* operator.kill({ _tag: "One", peer: "Ada" })
      yield* status(ada, "Disconnected")
      yield* act(() => ada.page.locator(".subtitle", { hasText: "closed by an operator" }).waitFor())
      yield* ada.say("later")
      yield* act(() => ada.page.getByRole("button", { name: "Reconnect" }).click())
      yield* status(ada, "Connected")
      assert.strictEqual(yield* bob.from("Ada"), "later")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("waits for its name when somebody else has it, and says so", () =>
    Effect.gen(function* () {
      const { ada, bob, cable } = yield* given
      cable.cut()
      yield* status(ada, "Reconnecting")
      yield* ada.say("later")
      const thief = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
      // The server needs a moment to notice that the name is free.
      yield* thief
        .ask("register", "Ada")
        .pipe(
          Effect.delay("50 millis"),
          Effect.repeat({ until: (isTaken) => isTaken === true }),
          Effect.timeout("10 seconds")
        )
      cable.mend()
      yield* act(() => ada.page.locator(".subtitle", { hasText: "has not noticed yet" }).waitFor({ timeout: 20_000 }))
      thief.socket.disconnect()
      yield* status(ada, "Connected")
      assert.strictEqual(yield* bob.from("Ada"), "later")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("goes on after the page was loaded again, where it was", () =>
    Effect.gen(function* () {
      const { ada, bob } = yield* given
      yield* ada.go("python")
      yield* act(() => ada.page.locator(".title", { hasText: "python" }).waitFor())
      yield* bob.ask("join", "python")
      yield* bob.emit("message", { from: "", message: "hello", room: "python" })
      yield* ada.hears("bob", "hello")
      yield* act(() => ada.page.reload())
      yield* status(ada, "Connected")
      yield* ada.hears("bob", "hello")
      yield* act(() => ada.page.locator(".title", { hasText: "python" }).waitFor())
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("survives that the server stops and starts again, and loses and repeats nothing", () =>
    Effect.gen(function* () {
      const folder = yield* RunningProgram.folder
      const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
      const first = yield* RunningProgram.startIn(folder).pipe(Effect.provideService(Scope.Scope, scope))
      const browser = yield* Browser.launch
      const cable = yield* Cable.make(first.url("sockets"))
      const ada = yield* Browser.person(browser, cable.url, "Ada")
      const grace = yield* Browser.person(browser, cable.url, "Grace")
      yield* ada.say("before")
      yield* grace.hears("Ada", "before")
      first.child.kill("SIGTERM")
      assert.strictEqual((yield* first.exit).code, 0)
      yield* status(ada, "Reconnecting")
      yield* ada.say("meanwhile")
      const second = yield* RunningProgram.startIn(folder)
      cable.leadTo(second.url("sockets"))
      yield* status(ada, "Connected")
      yield* status(grace, "Connected")
      yield* grace.hears("Ada", "meanwhile")
      yield* grace.say("after")
      yield* ada.hears("Grace", "after")
      for (const person of [ada, grace]) {
        assert.deepStrictEqual(yield* person.texts, ["before", "meanwhile", "after"])
        assert.deepStrictEqual(person.faults, [])
      }
      assert.strictEqual(yield* act(() => placeIn(ada.page, "general").count()), 1)
    }).pipe(Effect.scoped))
})
