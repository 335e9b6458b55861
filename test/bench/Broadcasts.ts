/** Messages to sessions over UDP, each of which confirms them. */
import type { Figure } from "./Comparison.ts"
import type { DatagramRound } from "./DatagramLoad.ts"
import { median, medianOf, percent, range, shown } from "./Figures.ts"
import { compare, type Plan, reportsOf, roundsOf, type Series, seriesOf, takeTurns } from "./Plan.ts"
import { file } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

const sessionCount = 200
const senderCount = 4

const measure = (subject: Subjects.Subject, seconds: number): Promise<DatagramRound> =>
  Subjects.loaded<DatagramRound>(subject, ({ pid, port }) => [
    file("DatagramLoad.ts"),
    port,
    String(sessionCount),
    String(senderCount),
    String(seconds),
    String(pid)
  ])

const figure: Figure<DatagramRound> = {
  name: "microseconds of the server for each delivery",
  digits: 2,
  of: ({ perSecond, serverCpu }) => (serverCpu === undefined ? undefined : (serverCpu * 1e6) / perSecond),
  rate: ({ perSecond }) => perSecond
}

const rateOf = (all: ReadonlyArray<DatagramRound>): number => median(all.map(({ perSecond }) => perSecond))

const described = ({ name, all }: Series<DatagramRound>): string => {
  const rates = all.map(({ perSecond }) => perSecond)
  const repeated = all.reduce((sum, it) => sum + it.repeated, 0)
  const [server, load] = [medianOf(all, (it) => it.serverCpu), medianOf(all, (it) => it.loadCpu)]
  return (
    `${name} ${shown(median(rates), 1, 1e-3)} k/s ${range(rates, 1, 1e-3)}, ${shown(medianOf(all, figure.of), 1)} us ` +
    `of the server for each, server ${percent(server)}, load ${percent(load)}, ${repeated} repeated`
  )
}

/** Measures and prints deliveries over UDP; false if a session did not hear exactly what it should have. */
export const datagramFanOut = async (plan: Plan, usualRounds: number, seconds: number): Promise<boolean> => {
  const measured = await takeTurns(
    plan,
    roundsOf(plan, usualRounds),
    [Subjects.datagrams, Subjects.packetDatagrams].map((subject) => ({
      name: subject.name,
      subject,
      measure: (it) => measure(it, seconds)
    }))
  )
  console.log(
    `fan-out over UDP to ${sessionCount} sessions, ${senderCount} senders, each message confirmed by each session:`
  )
  for (const series of seriesOf(measured)) console.log(`  ${described(series)}`)
  const [ours, bare] = [Subjects.packetDatagrams, Subjects.datagrams].map((subject) =>
    measured.find((row) => row.subject === subject)
  )
  if (ours !== undefined && bare !== undefined) console.log(`  ratio ${shown(rateOf(ours.now) / rateOf(bare.now), 2)}`)
  compare(plan, "udp", figure, measured)
  const isRight = reportsOf(measured).every((it) => it.isComplete)
  if (!isRight) console.log("  WRONG, a session did not get exactly what it should have")
  return isRight
}
