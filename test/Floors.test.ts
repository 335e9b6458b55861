/** Which floor of the house may import which, read from the import lines of `src`. */
import { readdirSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const src = new URL("../src/", import.meta.url)

const isIn = (text: string, ...patterns: ReadonlyArray<RegExp>) => patterns.some((pattern) => pattern.test(text))

const pureEffect = /^effect(\/(?!socket|http|sql|cli|process|cluster|workers)[\w/-]+)?$/
const effect = /^effect(\/[\w/-]+)?$/
const node = /^node:/

interface Floor {
  /** Files of `src` on other floors, and on this one. */
  readonly files: ReadonlyArray<RegExp>
  readonly packages: ReadonlyArray<RegExp>
}

/** A file right in a folder, not in one below. */
const protocolContracts = /^protocols\/[^/]+$/

const floorOf = (file: string): Floor | undefined => {
  const [folder = "", inner, ...rest] = file.split("/")
  const isConcrete = folder === "protocols" && inner !== undefined && rest.length > 0
  if (isConcrete) {
    const itself = new RegExp(`^protocols/${inner}/`)
    return { files: [/^domain\//, protocolContracts, itself], packages: [pureEffect, /^node:zlib$/] }
  }
  switch (folder) {
    case "domain":
      return { files: [/^domain\//], packages: [pureEffect] }
    case "services":
      return { files: [/^(domain|services)\//], packages: [pureEffect] }
    case "protocols":
      return { files: [/^domain\//, protocolContracts], packages: [pureEffect, /^node:zlib$/] }
    case "transports":
      return {
        files: [/^(domain|services|transports)\//, protocolContracts],
        packages: [effect, node, /^socket\.io$/, /^@effect\/platform-node(\/\w+)?$/]
      }
    case "storage":
      return { files: [/^(domain|services|storage)\//], packages: [effect, node, /^@effect\//] }
    case "testing":
      return {
        files: [/^(domain|services|transports|testing)\//, protocolContracts],
        packages: [effect, node, /^@effect\/vitest$/]
      }
    case "web":
      if (file === "web/vite.config.ts") return { files: [], packages: [node, /^vite$/] }
      return {
        files: [/^(api|domain|web)\//, /^protocols\/sockets\/SocketsPacket\.ts$/],
        packages: [
          /^preact(\/\w+)?$/,
          /^@preact\/signals$/,
          /^socket\.io-client$/,
          /^tus-js-client$/,
          /^uplot(\/.*\.css)?$/
        ]
      }
    case "api":
      return { files: [/^(domain|api)\//], packages: [effect] }
    case "app":
    case "main.ts":
    case "mod.ts":
      return { files: [/^(?!web\/)/], packages: [/./] }
  }
  return undefined
}

/** Why this file of `src` may not have this import line, if so. */
const breach = (file: string, specifier: string): string | undefined => {
  const floor = floorOf(file)
  if (floor === undefined) return `${file} is on no floor`
  if (!specifier.startsWith(".")) {
    return isIn(specifier, ...floor.packages) ? undefined : `${file} must not import ${specifier}`
  }
  const endings = file.startsWith("web/") ? /\.(?:tsx?|css|svg)$/ : /\.ts$/
  if (!endings.test(specifier)) return `${file} imports ${specifier}, which does not end in .ts`
  const target = posix.join(posix.dirname(file), specifier)
  return isIn(target, ...floor.files) ? undefined : `${file} must not import ${target}`
}

const importLines = [
  /^import\s+(?:[\w$*{},\s]+\sfrom\s+)?["']([^"']+)["']/gm,
  /^export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s+["']([^"']+)["']/gm,
  /\bimport\(\s*["']([^"']+)["']\s*\)/g
]

/** The modules that a source text imports. */
const specifiers = (text: string): ReadonlyArray<string> =>
  importLines.flatMap((line) => [...text.matchAll(line)].map((match) => match[1]!))

/** The other floors of which a file of the web pages imports more than types, which would land in its bundle. */
const bundled = (file: string, text: string): ReadonlyArray<string> =>
  specifiers(text.replace(/^(?:import|export) type\b[^;]*?from\s+["'][^"']+["']/gm, "")).filter(
    (specifier) =>
      file.startsWith("web/") &&
      specifier.startsWith(".") &&
      !posix.join(posix.dirname(file), specifier).startsWith("web/")
  )

const badNames = /(^|\/)(utils?|helpers?|common|shared|types)(\.ts|\/)/i

/** What is wrong with a file of `src` besides its imports. */
const faults = (file: string, text: string): ReadonlyArray<string> => {
  const lines = text.split("\n").length - 1
  const found = [
    lines > 300 && `${file} has ${lines} lines, the limit is 300`,
    /^export default\b/m.test(text) && file !== "web/vite.config.ts" && `${file} has a default export`,
    badNames.test(file) && `${file} is not named after what it is`,
    /(^|\/)mod\.ts$/.test(file) &&
      !/^((api|services|testing|protocols\/[^/]+)\/)?mod\.ts$/.test(file) &&
      `${file} is not a public door`
  ]
  return found.filter((fault) => fault !== false)
}

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => /\.tsx?$/.test(file))
const textOf = (file: string) => readFileSync(new URL(file, src), "utf8")

describe("Floors", () => {
  it("every file imports from its own floor and those below", () => {
    assert.include(files, "domain/Names.ts")
    const found = files.flatMap((file) => specifiers(textOf(file)).map((specifier) => breach(file, specifier)))
    assert.isAbove(found.length, files.length)
    assert.deepStrictEqual(
      found.filter((reason) => reason !== undefined),
      []
    )
  })

  it("the web pages take nothing but types from the server", () => {
    assert.deepStrictEqual(
      files.flatMap((file) => bundled(file, textOf(file)).map((specifier) => `${file} bundles ${specifier}`)),
      []
    )
    const lines = [
      `import type { Answer } from "../domain/Message.ts"`,
      `import { inWords } from "../domain/Message.ts"`
    ]
    assert.deepStrictEqual(
      lines.map((line) => bundled("web/main.tsx", line).length),
      [0, 1]
    )
  })

  it("every file is short, has named exports and says what it is", () => {
    assert.deepStrictEqual(
      files.flatMap((file) => faults(file, textOf(file))),
      []
    )
  })

  const allowed: ReadonlyArray<[file: string, specifier: string]> = [
    ["domain/Names.ts", "effect"],
    ["domain/Names.ts", "effect/Result"],
    ["services/Quota.ts", "effect/net"],
    ["domain/Names.ts", "./Rejection.ts"],
    ["services/Chat.ts", "../domain/Names.ts"],
    ["services/Chat.ts", "./Rooms.ts"],
    ["protocols/Protocol.ts", "../domain/Event.ts"],
    ["protocols/Protocol.ts", "./FrameBuffer.ts"],
    ["protocols/toss/TossProtocol.ts", "../Protocol.ts"],
    ["protocols/toss/TossProtocol.ts", "./TossFrames.ts"],
    ["protocols/toss/TossProtocol.ts", "../../domain/Event.ts"],
    ["protocols/toss/TossFrames.ts", "node:zlib"],
    ["transports/TcpListener.ts", "node:net"],
    ["transports/TcpListener.ts", "effect/socket/Socket"],
    ["transports/TcpListener.ts", "@effect/platform-node/NodeDatagramSocket"],
    ["transports/TcpListener.ts", "../protocols/Protocol.ts"],
    ["transports/SocketIoListener.ts", "socket.io"],
    ["storage/Sqlite.ts", "node:sqlite"],
    ["storage/Sqlite.ts", "../services/History.ts"],
    ["testing/Conformance.ts", "../protocols/Protocol.ts"],
    ["web/main.tsx", "./components/App.tsx"],
    ["web/main.tsx", "./styles/chat.css"],
    ["web/main.tsx", "preact/hooks"],
    ["web/net/Wire.ts", "../../protocols/sockets/SocketsPacket.ts"],
    ["web/vite.config.ts", "vite"],
    ["api/Client.ts", "effect/http-api"],
    ["api/RoomsApi.ts", "../domain/Message.ts"],
    ["app/Server.ts", "../protocols/toss/TossProtocol.ts"],
    ["mod.ts", "./protocols/toss/TossProtocol.ts"],
    ["main.ts", "node:child_process"]
  ]
  for (const [file, specifier] of allowed) {
    it(`breach() lets ${file} import ${specifier}`, () => assert.isUndefined(breach(file, specifier)))
  }

  const forbidden: ReadonlyArray<[file: string, specifier: string]> = [
    ["domain/Names.ts", "node:crypto"],
    ["domain/Names.ts", "effect/socket"],
    ["domain/Names.ts", "effect/socket/Socket"],
    ["domain/Names.ts", "../services/Chat.ts"],
    ["domain/Names.ts", "../protocols/Protocol.ts"],
    ["domain/Names.ts", "../app/Settings.ts"],
    ["domain/Names.ts", "./Rejection"],
    ["domain/Names.ts", "./Rejection.js"],
    ["services/Chat.ts", "../protocols/Protocol.ts"],
    ["services/Chat.ts", "../transports/Outbox.ts"],
    ["services/Chat.ts", "../storage/Sqlite.ts"],
    ["services/Chat.ts", "../app/Settings.ts"],
    ["services/Chat.ts", "node:fs"],
    ["services/Chat.ts", "effect/sql"],
    ["protocols/Protocol.ts", "./toss/TossProtocol.ts"],
    ["protocols/Protocol.ts", "../services/Chat.ts"],
    ["protocols/toss/TossProtocol.ts", "../packet/PacketFrames.ts"],
    ["protocols/toss/TossProtocol.ts", "../../services/Chat.ts"],
    ["protocols/toss/TossProtocol.ts", "../../transports/Outbox.ts"],
    ["protocols/toss/TossProtocol.ts", "../../app/Settings.ts"],
    ["protocols/toss/TossProtocol.ts", "node:net"],
    ["protocols/toss/TossProtocol.ts", "effect/socket"],
    ["protocols/toss/TossProtocol.ts", "socket.io"],
    ["transports/TcpListener.ts", "../protocols/toss/TossProtocol.ts"],
    ["transports/TcpListener.ts", "../app/Settings.ts"],
    ["transports/TcpListener.ts", "../storage/Sqlite.ts"],
    ["transports/TcpListener.ts", "express"],
    ["storage/Sqlite.ts", "../transports/Outbox.ts"],
    ["storage/Sqlite.ts", "../protocols/Protocol.ts"],
    ["testing/Conformance.ts", "../app/Server.ts"],
    ["testing/Conformance.ts", "../protocols/toss/TossProtocol.ts"],
    ["lib/Anything.ts", "effect"],
    ["web/main.tsx", "effect"],
    ["web/main.tsx", "node:fs"],
    ["web/main.tsx", "../services/Chat.ts"],
    ["web/main.tsx", "../protocols/sockets/SocketsProtocol.ts"],
    ["web/main.tsx", "./components/App.js"],
    ["app/Server.ts", "../web/main.tsx"],
    ["api/Client.ts", "@effect/platform-node/NodeHttpClient"],
    ["api/Client.ts", "node:http"],
    ["api/RoomsApi.ts", "../services/Rooms.ts"],
    ["api/RoomsApi.ts", "../app/Settings.ts"]
  ]
  for (const [file, specifier] of forbidden) {
    it(`breach() finds that ${file} imports ${specifier}`, () => assert.isString(breach(file, specifier)))
  }

  it("specifiers() reads every way to import, and no prose", () => {
    const text = [
      `import { a } from "one"`,
      `import type { A } from "two"`,
      `import {`,
      `  b,`,
      `  type C`,
      `} from "three"`,
      `import * as D from "four"`,
      `import "five"`,
      `export { e } from "six"`,
      `export * from "seven"`,
      `export type { F } from "eight"`,
      `const later = await import("nine")`,
      `// not from "prose", nor import of "words"`,
      ` * import { x } from "comment"`,
      `export const from = "text"`
    ].join("\n")
    assert.deepStrictEqual([...specifiers(text)].sort(), [
      "eight",
      "five",
      "four",
      "nine",
      "one",
      "seven",
      "six",
      "three",
      "two"
    ])
  })

  it("faults() finds what a file must not be", () => {
    assert.deepStrictEqual(faults("domain/Names.ts", "export const a = 1\n".repeat(300)), [])
    assert.lengthOf(faults("domain/Names.ts", "export const a = 1\n".repeat(301)), 1)
    assert.lengthOf(faults("domain/Names.ts", "export default 1\n"), 1)
    assert.lengthOf(faults("domain/mod.ts", ""), 1)
    assert.lengthOf(faults("protocols/mod.ts", ""), 1)
    assert.lengthOf(faults("mod.ts", ""), 0)
    assert.lengthOf(faults("services/mod.ts", ""), 0)
    assert.lengthOf(faults("protocols/toss/mod.ts", ""), 0)
    assert.lengthOf(faults("testing/mod.ts", ""), 0)
    for (const name of ["utils.ts", "Helpers.ts", "common.ts", "shared/Frames.ts", "types.ts"]) {
      assert.lengthOf(faults(`protocols/${name}`, ""), 1, name)
    }
  })
})
