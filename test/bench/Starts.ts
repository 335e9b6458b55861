/** How long a server takes until it listens. */
import type { Figure } from "./Comparison.ts"
import { median, range, shown } from "./Figures.ts"
import { buildsOf, compare, type Plan, roundsOf, seriesOf, takeTurns } from "./Plan.ts"
import { firstLine, kill, run } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

const startMillis = async (subject: Subjects.Subject, signal?: NodeJS.Signals): Promise<number> => {
  const program = await Subjects.programOf(subject)
  const beforeMillis = performance.now()
  const server = run(0, program)
  await firstLine(server)
  const millis = performance.now() - beforeMillis
  await kill(server, signal)
  return millis
}

const figure: Figure<number> = { name: "ms from start to listening", digits: 0, of: (millis) => millis }

/** Measures and prints how long a start takes. */
export const starts = async (plan: Plan, usualRounds: number): Promise<void> => {
  const subject = Subjects.parlance
  // What Node has compiled is kept when a server is stopped in good order.
  for (const build of buildsOf(plan, subject)) await startMillis(build, "SIGTERM")
  const measured = await takeTurns(plan, roundsOf(plan, usualRounds), [
    { name: "start to listening", subject, measure: (it) => startMillis(it) }
  ])
  for (const { name, all } of seriesOf(measured)) console.log(`${name}: ${shown(median(all))} ms ${range(all)}`)
  compare(plan, "start", figure, measured)
}
