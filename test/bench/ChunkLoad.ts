/**
 * Chunks of a file, 32 in flight: `node ChunkLoad.ts <tcp|udp> <upload|download> <packet|echo> <port> <seconds> <MiB> <server's
 * pid>`.
 *
 * - One file after another is sent or fetched until the seconds are over; the first one of all is not counted. The time of
 *   a file is that from its first chunk request to the last answer.
 * - Every chunk must be answered, over TCP exactly once. Over UDP what is not answered for 200 ms is sent again.
 */
import { randomBytes } from "node:crypto"
import { argv, cpuUsage, exit } from "node:process"
import { type ChunkLine, datagramLine, streamLine } from "./ChunkLine.ts"
import * as Packets from "./Packets.ts"
import { usage } from "./Processes.ts"

/** What is reported, as one line of JSON. */
export interface ChunkRound {
  readonly perSecond: number
  /** Shares of one core. */
  readonly loadCpu: number
  readonly serverCpu: number | undefined
  /** Chunk requests that were sent again. */
  readonly repeated: number
}

const [carrier = "", direction = "", kind = "", ...numbers] = argv.slice(2)
const [port = 0, seconds = 0, mebibytes = 0, pid = 0] = numbers.map(Number)
const chunkBytes = 256
const chunkCount = mebibytes * 4096
const headBytes = 14
const uploadRequestBytes = headBytes + 2 + chunkBytes
const inFlight = 32
const tickMillis = 50
const ticksUntilRepeat = 4

const content = randomBytes(chunkBytes * chunkCount)
const nowhere = Buffer.alloc(8)

const requestsOf = (isUpload: boolean): Buffer =>
  Buffer.concat(
    Array.from({ length: chunkCount }, (_, chunk) => {
      const bytes = isUpload ? content.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes) : undefined
      return Packets.chunkRequest(nowhere, chunk, bytes)
    })
  )
const [uploadRequests, downloadRequests] = [requestsOf(true), requestsOf(false)]

/** The requests of a transaction; the content of an upload begins with its number, so that each file is another. */
const packetsOf = (transaction: Buffer, isUpload: boolean): Buffer => {
  const packets = isUpload ? uploadRequests : downloadRequests
  const requestBytes = packets.length / chunkCount
  for (let at = 2; at < packets.length; at += requestBytes) transaction.copy(packets, at)
  if (isUpload) transaction.copy(packets, headBytes + 2)
  return packets
}

let repeated = 0

/** Exchanges the chunks of one file; gives the seconds that it took. */
const exchange = (line: ChunkLine, packets: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    const requestBytes = packets.length / chunkCount
    const transaction = packets.readUInt32BE(6)
    const isAnswered = new Uint8Array(chunkCount)
    const sentAtTick = new Uint32Array(chunkCount)
    let [next, answered, tick, oldest] = [0, 0, 0, 0]
    const send = (count: number): void => {
      const until = Math.min(chunkCount, next + count)
      if (until === next) return
      line.send(packets.subarray(next * requestBytes, until * requestBytes), requestBytes)
      sentAtTick.fill(tick, next, until)
      next = until
    }
    // Between 200 and 250 ms, lest every datagram cost a look at the clock.
    const repetition = setInterval(() => {
      tick++
      if (line.isReliable) return
      while (oldest < next && isAnswered[oldest] === 1) oldest++
      for (let chunk = oldest; chunk < next; chunk++) {
        if (isAnswered[chunk] === 1 || tick - (sentAtTick[chunk] ?? 0) <= ticksUntilRepeat) continue
        line.send(packets.subarray(chunk * requestBytes, (chunk + 1) * requestBytes), requestBytes)
        sentAtTick[chunk] = tick
        repeated++
      }
    }, tickMillis)
    const before = performance.now()
    line.listen(requestBytes === headBytes ? uploadRequestBytes : headBytes, (bytes, responseBytes) => {
      let count = 0
      for (let at = 0; at < bytes.length; at += responseBytes) {
        const chunk = bytes.readUInt32BE(at + 10)
        const isRight = bytes[at + 1] === Packets.types.chunk && chunk < next && isAnswered[chunk] === 0
        if (!isRight || bytes.readUInt32BE(at + 6) !== transaction) {
          // The late answer to what was repeated.
          if (!line.isReliable) continue
          return reject(new Error(`Another answer: ${bytes.toString("latin1", at, at + 60)}`))
        }
        isAnswered[chunk] = 1
        count++
      }
      answered += count
      send(count)
      if (answered < chunkCount) return
      clearInterval(repetition)
      line.listen(0, () => {})
      resolve((performance.now() - before) / 1000)
    })
    send(inFlight)
  })

const run = async (): Promise<ChunkRound> => {
  const line = carrier === "tcp" ? await streamLine(port) : await datagramLine(port)
  const isServed = kind === "packet"
  const session = isServed
    ? Packets.sessionOf(await line.ask(Packets.sessionRequest("ada"), Packets.types.cookie, 18))
    : nowhere
  let count = 0
  // The file and the transaction.
  const begin = async (request: Buffer): Promise<readonly [Buffer, Buffer]> => {
    if (!isServed) return [nowhere, nowhere]
    const response = await line.ask(request, Packets.types.transfer, 18)
    return [Buffer.from(response.subarray(2, 10)), Buffer.from(response.subarray(10, 18))]
  }
  const upload = async (): Promise<readonly [Buffer, Buffer]> => {
    return begin(Packets.uploadRequest(session, content.length, `${count++}.bin`))
  }

  const isUpload = direction === "upload"
  const [file, first] = await upload()
  if (isUpload || isServed) await exchange(line, packetsOf(first, true))
  const prepare = async (): Promise<Buffer> => {
    const [, transaction] = isUpload ? await upload() : await begin(Packets.downloadRequest(session, file))
    return packetsOf(transaction, isUpload)
  }
  if (!isUpload) await exchange(line, await prepare())

  repeated = 0
  let [spent, files, loadMicros, serverSeconds] = [0, 0, 0, 0]
  let isKnown = true
  while (spent < seconds) {
    const packets = await prepare()
    const [cpuBefore, before] = [cpuUsage(), usage(pid).cpuSeconds]
    spent += await exchange(line, packets)
    const [cpu, after] = [cpuUsage(cpuBefore), usage(pid).cpuSeconds]
    loadMicros += cpu.user + cpu.system
    if (before === undefined || after === undefined) isKnown = false
    else serverSeconds += after - before
    files++
  }
  return {
    perSecond: (files * chunkCount) / spent,
    loadCpu: loadMicros / 1e6 / spent,
    serverCpu: isKnown ? serverSeconds / spent : undefined,
    repeated
  }
}

console.log(JSON.stringify(await run()))
exit(0)
