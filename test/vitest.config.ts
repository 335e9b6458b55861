import { configDefaults, defineConfig } from "vitest/config"
import { FlakyTests } from "./FlakyTests.ts"

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
    reporters: [...configDefaults.reporters, new FlakyTests()],
    // A machine that others use may be too slow for once; what is wrong is wrong again. What passes then is reported.
    retry: process.env["CI"] === undefined ? 0 : 1,
    hookTimeout: 60_000
  }
})
