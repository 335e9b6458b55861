/**
 * Feeds all codecs with inputs that are nearly right: `npm run fuzz`.
 *
 * `-- --inputs 1000000` is how many for each, `-- --seed 1` the first one's, `-- --only toss` those with this in their name.
 */
import { parseArgs } from "node:util"

// Packets are decoded as they are by the server.
await import("effect/schema/SchemaJITCompiler/enable")
const { codecs } = await import("./Codecs.ts")
const { fuzz } = await import("./Fuzzer.ts")

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" }
  }
})

for (const codec of codecs.filter(({ name }) => name.includes(values.only))) {
  const began = performance.now()
  const outcomes = fuzz(codec, Number(values.seed), Number(values.inputs))
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const words = [...outcomes].sort(([, a], [, b]) => b - a).map(([word, count]) => `${word} ${count}`)
  console.log(`${codec.name}: ${values.inputs} inputs in ${seconds} s: ${words.join(", ")}`)
}
