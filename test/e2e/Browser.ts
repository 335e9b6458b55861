/** A real browser, and people who use the chat page in it. */
import { Effect, Exit, type Scope } from "effect"
import { existsSync } from "node:fs"
import { type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core"

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"]

/** Where Chromium is. */
export const executable = places.find((place) => existsSync(place))
if (executable === undefined) console.warn("There is no Chromium here: the tests of the web pages are skipped")

const timeoutMillis = 10_000

/** Does something with the browser; what fails is a defect. */
export const act = <A>(act: () => Promise<A>): Effect.Effect<A> => Effect.promise(act)

/** A browser, for as long as the scope lasts. */
export const launch = Effect.acquireRelease(
  act(() => chromium.launch({ executablePath: executable!, args: ["--disable-dev-shm-usage"] })),
  (browser) => act(() => browser.close())
)

type Browser = Effect.Success<typeof launch>

export interface Visitor {
  readonly page: Page
  /** What went wrong in the page: errors of its scripts, and what its policy did not let it do. */
  readonly faults: ReadonlyArray<string>
}

/** What is wrong with how a page lies in its window: its document is as high as that, and only what is in it scrolls. */
const misplaced = `(() => {
  const { clientHeight, scrollHeight, scrollTop } = document.documentElement
  const scrolls = (it) => it.matches(":not(textarea)") && /auto|scroll/.test(getComputedStyle(it).overflow)
  return [
    ...(scrollHeight === clientHeight ? [] : ["it is " + scrollHeight + " high in a window of " + clientHeight]),
    ...(scrollTop + document.body.scrollTop === 0 ? [] : ["it is scrolled by " + scrollTop]),
    ...[...document.querySelectorAll("body *")]
      .filter((it) => scrolls(it) && getComputedStyle(it).position === "static")
      .map(({ id, className }) => "its scroller " + id + " " + className + " is not positioned")
  ]
})()`

const isInWindow = (page: Page): Effect.Effect<void> =>
  act(async () => {
    if (page.isClosed()) return
    const found = await page.evaluate<ReadonlyArray<string>>(misplaced)
    if (found.length > 0) throw new Error(`The page has left its window: ${found.join(", ")}`)
  })

/** Opens a page that nobody has used before. It is looked at in the end whether it still lies in its window. */
export const visit = Effect.fnUntraced(function* (
  browser: Browser,
  url: string,
  options?: BrowserContextOptions
): Effect.fn.Return<Visitor, never, Scope.Scope> {
  const context = yield* Effect.acquireRelease(
    act(() => browser.newContext({ locale: "en-GB", ...options })),
    (context) => act(() => context.close())
  )
  const page = yield* act(() => context.newPage())
  page.setDefaultTimeout(timeoutMillis)
  const faults: Array<string> = []
  page.on("pageerror", (error) => faults.push(String(error)))
  page.on("console", (message) => {
    // That a connection is lost is no fault of the page, though the browser says so.
    if (message.type() === "error" && !/ERR_|WebSocket/.test(message.text())) faults.push(message.text())
  })
  yield* Effect.addFinalizer((exit) => (Exit.isSuccess(exit) ? isInWindow(page) : Effect.void))
  yield* act(() => page.goto(url))
  return { page, faults }
})

/** A page of a browser of its own, with nothing in it yet. */
export const open = (options?: BrowserContextOptions): Effect.Effect<Visitor, never, Scope.Scope> =>
  Effect.flatMap(launch, (browser) => visit(browser, "about:blank", options))

/** Somebody in the chat. */
export interface Person extends Visitor {
  readonly say: (text: string) => Effect.Effect<void>
  /** Waits until the page shows a message of somebody. */
  readonly hears: (from: string, text: string) => Effect.Effect<void>
  /** The texts of all messages that are shown. */
  readonly texts: Effect.Effect<ReadonlyArray<string>>
  readonly go: (place: string) => Effect.Effect<void>
}

/** Gives a name, and waits until the chat is there. */
export const enter = (visitor: Visitor, name: string): Effect.Effect<Person> =>
  act(async () => {
    const { page } = visitor
    await page.getByLabel("Your name").fill(name)
    await page.getByRole("button", { name: "Enter" }).click()
    await page.locator("[data-link=online]").first().waitFor({ state: "attached" })
    await page.locator(".member", { hasText: name }).first().waitFor({ state: "attached" })
    return {
      ...visitor,
      say: (text) =>
        act(async () => {
          await page.locator("textarea").fill(text)
          await page.locator("textarea").press("Enter")
        }),
      hears: (from, text) =>
        act(() => {
          const by = page.locator(".by .name, .unseen", { hasText: from })
          return page.locator(".said", { has: by }).filter({ hasText: text }).last().waitFor()
        }),
      texts: act(() => page.locator(".said .text").allTextContents()),
      go: (place) => act(() => placeIn(page, place).click())
    }
  })

/** Opens the page and enters. */
export const person = Effect.fnUntraced(function* (
  browser: Browser,
  url: string,
  name: string,
  options?: BrowserContextOptions
): Effect.fn.Return<Person, never, Scope.Scope> {
  return yield* enter(yield* visit(browser, url, options), name)
})

/** The button that leads to a room or a conversation. */
export const placeIn = (page: Page, name: string): Locator =>
  page.locator(".place", { has: page.locator(".name").getByText(name, { exact: true }) })

/** Waits until something holds in the page. */
export const eventually = (what: string, is: () => Promise<boolean>): Effect.Effect<void> =>
  act(async () => {
    const deadline = performance.now() + timeoutMillis
    while (!(await is())) {
      if (performance.now() > deadline) throw new Error(`It does not come about that ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })
