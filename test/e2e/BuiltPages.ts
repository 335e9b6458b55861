/** Builds the web pages before the tests, unless what is built is newer than what it is made of. */
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const web = pathOf("../../src/web")
const built = pathOf("../../dist/web/index.html")
const vite = pathOf("../../node_modules/vite/bin/vite.js")

const newest = (): number =>
  Math.max(...readdirSync(web, { recursive: true, encoding: "utf8" }).map((file) => statSync(join(web, file)).mtimeMs))

export const setup = (): void => {
  if (existsSync(built) && statSync(built).mtimeMs > newest()) return
  const config = ["--logLevel", "warn", "--config", join(web, "vite.config.ts")]
  const { status } = spawnSync(process.execPath, [vite, "build", ...config], {
    stdio: "inherit",
    env: { ...process.env, NODE_ENV: "production" }
  })
  if (status !== 0) throw new Error("The web pages cannot be built.")
}
