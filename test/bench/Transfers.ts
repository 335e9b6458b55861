/** Files on their way: in one piece from one toss user to another, and in chunks of the packet protocol. */
import type { ChunkRound } from "./ChunkLoad.ts"
import type { FileRound } from "./FileLoad.ts"
import { median, medianOf, printTable, range, shown } from "./Figures.ts"
import { file } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

/** Megabytes per second of one file from a sender to a receiver. */
const relay = async (subject: Subjects.Subject, kind: "pipe" | "toss", megabytes: number): Promise<number> => {
  const { isWhole, seconds } = await Subjects.loaded<FileRound>(subject, ({ port }) => [
    file("FileLoad.ts"),
    kind,
    port,
    String(megabytes)
  ])
  return isWhole ? megabytes / seconds : NaN
}

/** Measures and prints how fast one toss user gets a file from another; false if one did not come whole. */
export const relays = async (rounds: number, megabytes: number): Promise<boolean> => {
  const rates = { pipe: [] as Array<number>, toss: [] as Array<number> }
  for (let round = 0; round < rounds; round++) {
    rates.pipe.push(await relay(Subjects.pipe, "pipe", megabytes))
    rates.toss.push(await relay(Subjects.toss, "toss", megabytes))
  }
  const [floor, stored] = [median(rates.pipe), median(rates.toss)]
  console.log(
    `a file of ${megabytes} MB from one toss user to another: ${shown(stored)} MB/s, ` +
      `${shown(stored / floor, 2)} of a bare Node pipe (${shown(floor)} MB/s)`
  )
  return [...rates.pipe, ...rates.toss].every(Number.isFinite)
}

/** What a request and its answer have. */
const packetBytes = { upload: { request: 272, response: 14 }, download: { request: 14, response: 272 } } as const

const kinds = (["tcp", "udp"] as const).flatMap((carrier) =>
  (["upload", "download"] as const).map((direction) => ({
    carrier,
    direction,
    subject: carrier === "tcp" ? Subjects.packet : Subjects.packetDatagrams,
    floor: Subjects.echo(carrier, packetBytes[direction]),
    ours: [] as Array<ChunkRound>,
    bare: [] as Array<ChunkRound>
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

/** Measures and prints how fast chunks are exchanged. */
export const chunks = async (rounds: number, seconds: number, mebibytes: number): Promise<void> => {
  for (let round = 0; round < rounds; round++) {
    for (const { bare, carrier, direction, floor, ours, subject } of kinds) {
      bare.push(await exchange(floor, carrier, direction, seconds, mebibytes))
      ours.push(await exchange(subject, carrier, direction, seconds, mebibytes))
    }
  }
  const rows = [["packet chunks", "k/s", "(least-most)", "echo k/s", "/echo", "server", "load", "repeated", "echo's"]]
  for (const { bare, carrier, direction, ours } of kinds) {
    const rates = ours.map(({ perSecond }) => perSecond)
    const [rate, floor] = [median(rates), median(bare.map(({ perSecond }) => perSecond))]
    const serverCpu = medianOf(ours, (it) => it.serverCpu)
    const loadCpu = medianOf(ours, (it) => it.loadCpu)
    rows.push([
      `${carrier.toUpperCase()} ${direction}`,
      shown(rate, 1, 1e-3),
      range(rates, 1, 1e-3),
      shown(floor, 1, 1e-3),
      shown(rate / floor, 2),
      `${shown(serverCpu, 0, 100)} %`,
      `${shown(loadCpu, 0, 100)} %`,
      ...[ours, bare].map((all) => (carrier === "tcp" ? "" : String(sum(all.map(({ repeated }) => repeated)))))
    ])
  }
  console.log(`chunks of files of ${mebibytes} MiB, 32 in flight; ${rounds} rounds of ${seconds} s`)
  printTable(rows)
}
