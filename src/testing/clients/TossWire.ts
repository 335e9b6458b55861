/** How a client of Toss-a-Message writes, and what it makes of what it is sent. */
import { Result } from "effect"
import * as SlipDocument from "../../protocols/toss/SlipDocument.ts"
import { isRecord, type SlipRecord, type SlipValue } from "../../protocols/toss/SlipValue.ts"
import * as SlipWriter from "../../protocols/toss/SlipWriter.ts"

export { file } from "../../protocols/toss/SlipValue.ts"

/** Parts one after another, without anything between. */
export const glue = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(parts))

const record = (entries: Readonly<Record<string, SlipValue>>): SlipRecord => new Map(Object.entries(entries))

const write = (value: SlipRecord): Uint8Array => Result.getOrThrow(SlipWriter.write(value))

/** A request. */
export const request = (action: string, data: Readonly<Record<string, SlipValue>>): Uint8Array =>
  write(record({ action, data: record(data) }))

/** The announcement of a request. */
export const announce = (request: Uint8Array): Uint8Array =>
  write(record({ action: "chunks", data: record({ chunks: request.length }) }))

/** A request right behind its announcement. */
export const announced = (request: Uint8Array): Uint8Array => glue(announce(request), request)

const toPlain = (value: SlipValue | undefined): unknown => {
  if (isRecord(value)) return Object.fromEntries([...value].map(([key, inner]) => [key, toPlain(inner)]))
  if (Array.isArray(value)) return value.map(toPlain)
  return value instanceof Date ? value.toISOString() : value
}

/** One response as a plain object. */
export interface Response {
  readonly action?: string
  readonly status: number
  readonly data?: {
    readonly username?: string
    readonly message?: string
    readonly time?: string
    readonly chunks?: number
    readonly errors?: Readonly<Record<string, ReadonlyArray<string>>>
    readonly attachment?: { readonly name: string; readonly content: Uint8Array }
  }
}

/** The record that bytes are, in Slip or in JSON, as a plain object. */
export const read = (bytes: Uint8Array): Response =>
  bytes[0] === 0x7b
    ? (JSON.parse(new TextDecoder().decode(bytes)) as Response)
    : (toPlain(Result.getOrThrow(SlipDocument.read(bytes)).record) as Response)

/** What a client does with bytes: takes announced messages, and whatever comes without. */
export interface Reader {
  readonly push: (bytes: Uint8Array) => ReadonlyArray<Response>
  /** Bytes that are not yet a message. */
  readonly rest: () => Uint8Array
}

// An announcement or an acknowledgement of the server ends behind its status.
const unannounced = /^action\|l6\|chunks;(?:data\|s\d+\|chunks\|n\d+\|(\d+);;)?status\|n3\|(\d+);/

/** Reads the stream of a server in Slip, without a thought of where reads end. */
export const reader = (): Reader => {
  let rest: Uint8Array = new Uint8Array()
  let needBytes = 0
  const take = (count: number): Uint8Array => {
    const taken = rest.slice(0, count)
    rest = rest.slice(count)
    return taken
  }
  const next = (): Response | undefined => {
    if (needBytes > 0) {
      if (rest.length < needBytes) return undefined
      const count = needBytes
      needBytes = 0
      return read(take(count))
    }
    const match = unannounced.exec(Buffer.from(rest.subarray(0, 100)).toString("latin1"))
    if (match === null) return undefined
    needBytes = Number(match[1] ?? 0)
    return read(take(match[0].length))
  }
  return {
    push: (bytes) => {
      rest = glue(rest, bytes)
      const responses: Array<Response> = []
      for (let response = next(); response !== undefined; response = next()) responses.push(response)
      return responses
    },
    rest: () => rest
  }
}
