/** Messages to sessions over UDP, each of which confirms them. */
import type { DatagramRound } from "./DatagramLoad.ts"
import { median, medianOf, range, shown } from "./Figures.ts"
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

const described = (name: string, all: ReadonlyArray<DatagramRound>): string => {
  const rates = all.map(({ perSecond }) => perSecond)
  const repeated = all.reduce((sum, it) => sum + it.repeated, 0)
  const [server, load] = [medianOf(all, (it) => it.serverCpu), medianOf(all, (it) => it.loadCpu)]
  return (
    `${name} ${shown(median(rates), 1, 1e-3)} k/s ${range(rates, 1, 1e-3)}, server ${shown(server, 0, 100)} %, ` +
    `load ${shown(load, 0, 100)} %, ${repeated} repeated`
  )
}

/** Measures and prints deliveries over UDP; false if a session did not hear exactly what it should have. */
export const datagramFanOut = async (rounds: number, seconds: number): Promise<boolean> => {
  const [bare, ours]: [Array<DatagramRound>, Array<DatagramRound>] = [[], []]
  for (let round = 0; round < rounds; round++) {
    bare.push(await measure(Subjects.datagrams, seconds))
    ours.push(await measure(Subjects.packetDatagrams, seconds))
  }
  const rate = (all: ReadonlyArray<DatagramRound>): number => median(all.map(({ perSecond }) => perSecond))
  const isRight = [...bare, ...ours].every((it) => it.isComplete)
  console.log(
    `fan-out over UDP to ${sessionCount} sessions, ${senderCount} senders, each message confirmed by each session:`
  )
  console.log(`  ${described("packet", ours)}`)
  console.log(`  ${described("bare Node", bare)}`)
  console.log(`  ratio ${shown(rate(ours) / rate(bare), 2)}`)
  if (!isRight) console.log("  WRONG, a session did not get exactly what it should have")
  return isRight
}
