import { defineConfig } from "vitest/config"

export default defineConfig({
  cacheDir: "../node_modules/.vite",
  // The examples import the package by its name, and get its sources.
  ssr: { resolve: { conditions: ["parlance-source", "module", "node", "development|production"] } },
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    globalSetup: ["e2e/BuiltPages.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000
  }
})
