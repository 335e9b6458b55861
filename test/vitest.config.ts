import { defineConfig } from "vitest/config"

export default defineConfig({
  cacheDir: "../node_modules/.vite",
  // The examples import the package by its name, and get its sources.
  ssr: { resolve: { conditions: ["parlance-source", "module", "node", "development|production"] } },
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    globalSetup: ["e2e/BuiltPages.ts"],
    // As the program has them.
    setupFiles: ["effect/schema/SchemaJITCompiler/enable"],
    testTimeout: 30_000,
    // A machine that others use may be too slow for once; what is wrong is wrong again.
    retry: process.env["CI"] === undefined ? 0 : 1,
    hookTimeout: 60_000
  }
})
