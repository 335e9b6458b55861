/** Runs a server in bad weather: `npm run soak`, for ten minutes unless `-- --seconds 60` says otherwise; `-- --seed 1`. */
import { Effect } from "effect"
import { exit } from "node:process"
import { parseArgs } from "node:util"
import { run } from "./Soak.ts"

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "600" }, seed: { type: "string", default: "1" } }
})
const { problems, ...counts } = await Effect.runPromise(run(Number(values.seconds), Number(values.seed)))
console.log(JSON.stringify(counts))
for (const problem of problems.slice(0, 50)) console.log(problem)
console.log(problems.length === 0 ? "all is well" : `${problems.length} problems`)
exit(problems.length === 0 ? 0 : 1)
