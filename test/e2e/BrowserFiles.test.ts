import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import * as Browser from "./Browser.ts"
import { act, eventually } from "./Browser.ts"
import * as Cable from "./Cable.ts"
import * as TestServer from "./TestServer.ts"
import * as Users from "./Users.ts"

const test = Browser.executable === undefined ? it.live.skip : it.live

const noise = (sizeBytes: number): Buffer => {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0, state = 1; at < sizeBytes; at++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    bytes[at] = state >> 16
  }
  return bytes
}

/** One pixel. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64"
)

const choose = (page: Page, ...files: ReadonlyArray<{ readonly name: string; readonly buffer: Buffer }>) =>
  page.setInputFiles(
    "input[type=file]",
    files.map(({ buffer, name }) => ({ name, buffer, mimeType: "application/octet-stream" }))
  )

const shared = (page: Page, name: string) => page.locator(".download", { hasText: name })

/** Fetches a file as its reader does. */
const download = (page: Page, name: string) =>
  act(async () => {
    const [file] = await Promise.all([page.waitForEvent("download"), shared(page, name).click()])
    return { name: file.suggestedFilename(), content: readFileSync(await file.path()) }
  })

/** Lets a page have files as if they were dropped on it, or pasted. */
const give = (page: Page, how: "drop" | "paste", name: string, text: string) =>
  page.evaluate(
    `(() => {
      const data = new DataTransfer()
      data.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(name)}))
      const to = document.querySelector("textarea")
      const init = { bubbles: true, cancelable: true }
      to.dispatchEvent(${how === "drop" ? "new DragEvent('drop', { ...init, dataTransfer: data })" : "new ClipboardEvent('paste', { ...init, clipboardData: data })"})
    })()`
  )

const two = Effect.gen(function* () {
  const browser = yield* Browser.launch
  const url = yield* TestServer.urlOf("sockets")
  const cable = yield* Cable.make(url)
  const ada = yield* Browser.person(browser, cable.url, "Ada")
  const grace = yield* Browser.person(browser, url, "Grace")
  return { ada, cable, grace }
})

describe("files of the chat page", () => {
  test("go both ways, byte by byte", () =>
    Effect.gen(function* () {
      const { ada, grace } = yield* two
      const toss = yield* Users.toss
      const reader = yield* Users.chatmaster
      const content = noise(300_000)
      yield* act(async () => {
        await choose(ada.page, { name: "a b.bin", buffer: content })
        await ada.page.locator(".tray", { hasText: "a b.bin" }).waitFor()
        await ada.page.locator("textarea").fill("look")
        await ada.page.getByRole("button", { name: "Send", exact: true }).click()
      })
      assert.strictEqual((yield* reader.hears).text, "look")
      const [, link = ""] = /(http\S+)/.exec((yield* reader.hears).text) ?? []
      const fetched = yield* act(async () => Buffer.from(await (await fetch(link)).arrayBuffer()))
      assert.isTrue(fetched.equals(content))
      const got = yield* download(grace.page, "a b.bin")
      assert.strictEqual(got.name, "a b.bin")
      assert.isTrue(got.content.equals(content))

      const back = noise(70_000)
      yield* toss.share("and back", { name: "back.bin", content: back })
      for (const { page } of [ada, grace]) assert.isTrue((yield* download(page, "back.bin")).content.equals(back))
      // The page that sent it has it too, and each has it once.
      assert.isTrue((yield* download(ada.page, "a b.bin")).content.equals(content))
      for (const { page } of [ada, grace]) assert.strictEqual(yield* act(() => page.locator(".download").count()), 2)
      assert.deepStrictEqual([...ada.faults, ...grace.faults], [])
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("come by drag and by paste, and are not sent when they are taken back", () =>
    Effect.gen(function* () {
      const { ada, grace } = yield* two
      yield* act(async () => {
        await give(ada.page, "drop", "dropped.txt", "one")
        await give(ada.page, "paste", "pasted.txt", "two")
        await choose(ada.page, { name: "third.txt", buffer: Buffer.from("three") })
        await ada.page.getByRole("button", { name: "Do not send third.txt" }).click()
        await ada.page.locator("textarea").press("Enter")
      })
      assert.strictEqual((yield* download(grace.page, "dropped.txt")).content.toString(), "one")
      assert.strictEqual((yield* download(grace.page, "pasted.txt")).content.toString(), "two")
      assert.strictEqual(yield* act(() => grace.page.locator(".download").count()), 2)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("show how far they are, go on after the connection broke, and arrive once", () =>
    Effect.gen(function* () {
      const { ada, cable, grace } = yield* two
      const content = noise(9_000_000)
      cable.cutAfter(5_500_000)
      yield* act(async () => {
        await choose(ada.page, { name: "large.bin", buffer: content })
        await ada.page.getByRole("button", { name: "Send", exact: true }).click()
        await ada.page.getByRole("progressbar", { name: "Sending large.bin" }).waitFor()
      })
      yield* act(() => shared(grace.page, "large.bin").waitFor({ timeout: 25_000 }))
      assert.isTrue((yield* download(grace.page, "large.bin")).content.equals(content))
      yield* act(() => shared(ada.page, "large.bin").waitFor())
      assert.strictEqual(yield* act(() => grace.page.locator(".download").count()), 1)
      assert.strictEqual(yield* act(() => ada.page.locator("progress").count()), 0)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("can be cancelled on their way", () =>
    Effect.gen(function* () {
      const { ada, cable, grace } = yield* two
      cable.cut()
      yield* act(async () => {
        await choose(ada.page, { name: "never.bin", buffer: noise(1000) })
        await ada.page.getByRole("button", { name: "Send", exact: true }).click()
        await ada.page.getByRole("button", { name: "Cancel never.bin" }).click()
        await ada.page.locator(".upload").waitFor({ state: "detached" })
      })
      cable.mend()
      yield* ada.say("still here")
      yield* grace.hears("Ada", "still here")
      assert.strictEqual(yield* act(() => grace.page.locator(".file").count()), 0)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))

  test("are shown as images only if they are images, in a place that is kept for them", () =>
    Effect.gen(function* () {
      const { ada, grace } = yield* two
      const script = Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
      yield* act(async () => {
        await choose(ada.page, { name: "dot.png", buffer: png }, { name: "fake.png", buffer: script })
        await ada.page.getByRole("button", { name: "Send", exact: true }).click()
        for (const { page } of [ada, grace]) await page.locator(".preview img").waitFor()
      })
      const previews = grace.page.locator(".preview")
      yield* eventually("both are there", async () => (await previews.count()) === 2)
      yield* act(() => previews.filter({ hasText: "No preview" }).waitFor())
      const heights = yield* act(() =>
        previews.evaluateAll((all) => all.map((it) => (it as unknown as { offsetHeight: number }).offsetHeight))
      )
      assert.strictEqual(new Set(heights).size, 1)
      assert.match(yield* act(async () => (await previews.locator("img").getAttribute("src")) ?? ""), /^blob:/)
      yield* act(async () => {
        await grace.page.getByRole("button", { name: "Show dot.png" }).click()
        await grace.page.locator("dialog.large[open] img").waitFor()
        await grace.page.keyboard.press("Escape")
      })
      assert.deepStrictEqual(grace.faults, [])
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer())))
})
