/** Files on their way: in one piece from one toss user to another, and in chunks of the packet protocol. */
import type { ChunkRound } from "./ChunkLoad.ts"
import type { Figure } from "./Comparison.ts"
import type { FileRound } from "./FileLoad.ts"
import { median, medianOf, percent, printTable, range, shown } from "./Figures.ts"
import { compare, type Plan, reportsOf, roundsOf, rowsOf, takeTurns } from "./Plan.ts"
import { file } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

interface Relay extends FileRound {
  readonly megabytes: number
}

/** Sends one file from a sender to a receiver. */
const relay = async (subject: Subjects.Subject, megabytes: number): Promise<Relay> => {
  const round = await Subjects.loaded<FileRound>(subject, ({ pid, port }) => [
    file("FileLoad.ts"),
    subject.build === undefined ? "pipe" : "toss",
    port,
    String(megabytes),
    String(pid)
  ])
  return { ...round, megabytes }
}

const relayed: Figure<Relay> = {
  name: "ms of the server for each MB",
  digits: 2,
  of: ({ cpuSeconds, megabytes }) => (cpuSeconds === undefined ? undefined : (cpuSeconds * 1000) / megabytes),
  rate: ({ megabytes, seconds }) => megabytes / seconds
}

/** Measures and prints how fast one toss user gets a file from another; false if one did not come whole. */
export const relays = async (plan: Plan, usualRounds: number, megabytes: number): Promise<boolean> => {
  const measured = await takeTurns(
    plan,
    roundsOf(plan, usualRounds),
    [Subjects.pipe, Subjects.toss].map((subject) => ({
      name: subject.name,
      subject,
      measure: (it) => relay(it, megabytes)
    }))
  )
  console.log(`a file of ${megabytes} MB from one toss user to another`)
  const rateOf = (all: ReadonlyArray<Relay>) => median(all.map((it) => megabytes / it.seconds))
  const floor = measured.find(({ subject }) => subject === Subjects.pipe)
  printTable([
    ["file", "MB/s", "(least-most)", ...(floor === undefined ? [] : ["/pipe"]), "ms for each MB"],
    ...rowsOf(measured, (all) => [
      shown(rateOf(all)),
      range(all.map((it) => megabytes / it.seconds)),
      ...(floor === undefined ? [] : [shown(rateOf(all) / rateOf(floor.now), 2)]),
      shown(medianOf(all, relayed.of), 2)
    ])
  ])
  compare(plan, "files", relayed, measured)
  const isRight = reportsOf(measured).every(({ isWhole }) => isWhole)
  if (!isRight) console.log("WRONG, a file did not come whole")
  return isRight
}

/** What a request and its answer have. */
const packetBytes = { upload: { request: 272, response: 14 }, download: { request: 14, response: 272 } } as const

const kinds = (["tcp", "udp"] as const).flatMap((carrier) =>
  (["upload", "download"] as const).map((direction) => ({
    name: `${carrier.toUpperCase()} ${direction}`,
    carrier,
    direction,
    subject: carrier === "tcp" ? Subjects.packet : Subjects.packetDatagrams,
    floor: Subjects.echo(carrier, packetBytes[direction])
  }))
)

const exchange = (
  subject: Subjects.Subject,
  carrier: string,
  direction: string,
  seconds: number,
  mebibytes: number
): Promise<ChunkRound> =>
  Subjects.loaded<ChunkRound>(subject, ({ pid, port }) => [
    file("ChunkLoad.ts"),
    carrier,
    direction,
    subject.spoken[0]?.language === "packet" ? "packet" : "echo",
    port,
    String(seconds),
    String(mebibytes),
    String(pid)
  ])

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

const exchanged: Figure<ChunkRound> = {
  name: "microseconds of the server for each chunk",
  digits: 2,
  of: ({ perSecond, serverCpu }) => (serverCpu === undefined ? undefined : (serverCpu * 1e6) / perSecond),
  rate: ({ perSecond }) => perSecond
}

/** Measures and prints how fast chunks are exchanged. */
export const chunks = async (plan: Plan, usualRounds: number, seconds: number, mebibytes: number): Promise<void> => {
  const rounds = roundsOf(plan, usualRounds)
  const measured = await takeTurns(
    plan,
    rounds,
    kinds.flatMap(({ carrier, direction, floor, name, subject }) =>
      [floor, subject].map((server) => ({
        name,
        subject: server,
        measure: (it: Subjects.Subject) => exchange(it, carrier, direction, seconds, mebibytes)
      }))
    )
  )
  const floorOf = (name: string) => measured.find((it) => it.name === name && it.subject.build === undefined)?.now
  const rateOf = (all: ReadonlyArray<ChunkRound>) => median(all.map(({ perSecond }) => perSecond))
  const repeatedOf = (all: ReadonlyArray<ChunkRound>) => String(sum(all.map(({ repeated }) => repeated)))
  const rows = measured
    .filter(({ subject }) => subject.build !== undefined)
    .flatMap((it) => {
      const bare = floorOf(it.name)
      const isStream = it.subject === Subjects.packet
      return rowsOf([it], (all) => [
        shown(rateOf(all), 1, 1e-3),
        range(
          all.map(({ perSecond }) => perSecond),
          1,
          1e-3
        ),
        shown(medianOf(all, exchanged.of), 2),
        ...(bare === undefined ? [] : [shown(rateOf(bare), 1, 1e-3), shown(rateOf(all) / rateOf(bare), 2)]),
        percent(medianOf(all, ({ serverCpu }) => serverCpu)),
        percent(medianOf(all, ({ loadCpu }) => loadCpu)),
        ...[all, ...(bare === undefined ? [] : [bare])].map((rounds) => (isStream ? "" : repeatedOf(rounds)))
      ])
    })
  console.log(`chunks of files of ${mebibytes} MiB, 32 in flight; ${rounds} rounds of ${seconds} s`)
  const beside = plan.hasFloors ? { rates: ["echo k/s", "/echo"], repeated: ["echo's"] } : { rates: [], repeated: [] }
  printTable([
    ["packet chunks", "k/s", "(least-most)", "us", ...beside.rates, "server", "load", "repeated", ...beside.repeated],
    ...rows
  ])
  compare(plan, "chunks", exchanged, measured)
}
