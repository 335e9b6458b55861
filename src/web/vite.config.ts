import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vite"

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

const pages = { chat: pathOf("index.html"), admin: pathOf("admin/index.html") }

/** The pages are served under a policy that runs scripts and styles from files alone, so nothing is inlined. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  cacheDir: pathOf("../../node_modules/.vite/web"),
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: pathOf("../../dist/web"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "baseline-widely-available",
    rolldownOptions: { input: Object.fromEntries(Object.entries(pages).filter(([, page]) => existsSync(page))) }
  },
  server: { proxy: { "^/(socket\\.io|files|api)/": { target: "http://127.0.0.1:8080", ws: true } } }
})
