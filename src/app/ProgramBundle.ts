/**
 * The program as few files: with it in `dist/app/Program.js` a start takes half the time that loading each module takes.
 *
 * - It holds the packages too, Effect with what is used of it, and takes the place of what the compiler wrote there. Only
 *   `main.js` loads it; those who embed the server load the modules, and the Effect that they have.
 * - What is loaded when it is needed still is: PostgreSQL, the documentation of the API.
 * - All files are in one folder as deep as that of their sources, so that paths relative to them hold.
 * - Names are kept, and `node --enable-source-maps` shows the sources in stacks.
 */
import { fileURLToPath } from "node:url"
import { build, type Plugin } from "vite"

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** Socket.IO serves its client from a folder beside its own, wherever its code is. */
const socketIoFolder: Plugin = {
  name: "socket-io-folder",
  transform: {
    filter: { id: /\/node_modules\/socket\.io\/dist\/index\.js$/ },
    handler: (code) => ({ code: code.replaceAll("__dirname", `path.dirname(require.resolve("socket.io"))`), map: null })
  }
}

/** Bundles the program into a folder. */
export const write = async (folder: string): Promise<void> => {
  await build({
    configFile: false,
    root: pathOf("."),
    logLevel: "warn",
    publicDir: false,
    plugins: [socketIoFolder],
    ssr: { noExternal: true, resolve: { conditions: ["node"], mainFields: [] } },
    resolve: { mainFields: [] },
    build: {
      ssr: pathOf("Program.ts"),
      outDir: folder,
      emptyOutDir: false,
      target: "node24",
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        // Optional parts of `ws`, which does without them.
        external: ["bufferutil", "utf-8-validate"],
        output: {
          entryFileNames: "Program.js",
          chunkFileNames: "Program-[name].js",
          comments: { legal: true, annotation: false, jsdoc: false }
        }
      }
    }
  })
}

if (import.meta.main) await write(pathOf("../../dist/app"))
