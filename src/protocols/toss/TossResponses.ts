/**
 * Reads what a server of Toss-a-Message sends.
 *
 * - An announcement sets how many of the next bytes are one record, and is no response itself. A record without one ends with
 *   its field `status`.
 * - Reads may cut the stream anywhere. What is announced is never mistaken for something else; if it cannot be read the
 *   stream goes on behind it. Where nothing was announced that costs the rest of the read.
 * - No more is kept than the limits say, whatever is announced.
 */
import { Result } from "effect"
import { type Decoded, malformed } from "../Decoded.ts"
import * as JsonSplitter from "../JsonSplitter.ts"
import type { Reader } from "../Reader.ts"
import * as JsonRecord from "./JsonRecord.ts"
import type { SlipLimits } from "./SlipLimits.ts"
import * as SlipReader from "./SlipReader.ts"
import { sizeLimitBytes } from "./SlipText.ts"
import { isRecord, type SlipRecord, type SlipValue } from "./SlipValue.ts"
import * as TossMessage from "./TossMessage.ts"

const brace = 0x7b

/** How many bytes a record announces, if it does. */
const announced = (record: SlipRecord): number | undefined => {
  const data = record.get("data")
  const chunks = isRecord(data) ? data.get("chunks") : undefined
  if (record.get("action") !== "chunks" || record.get("status") !== 100 || typeof chunks !== "number") return undefined
  return Number.isInteger(chunks) && chunks > 0 && chunks <= sizeLimitBytes ? chunks : undefined
}

class Responses implements Reader<Uint8Array, Decoded<TossMessage.Response>> {
  readonly #slip: SlipReader.SlipReader
  readonly #json: JsonSplitter.JsonSplitter
  #received: Array<Decoded<TossMessage.Response>> = []
  #needBytes = 0
  #isJson: boolean | undefined
  #fields = new Map<string, SlipValue>()
  #jsonText: string | undefined
  #failure: string | undefined

  constructor(limits: SlipLimits) {
    this.#slip = SlipReader.make(limits)
    const { depthLimit, fieldLimit: valueLimit, jsonLimitBytes: limitBytes } = limits
    this.#json = JsonSplitter.make({ limitBytes, depthLimit, valueLimit, isStrict: false, dropsTooLarge: true })
  }

  read(bytes: Uint8Array): ReadonlyArray<Decoded<TossMessage.Response>> {
    let at = 0
    while (at < bytes.length) {
      if (this.#needBytes > 0) at = this.#takeBody(bytes, at)
      else at = this.#takeOpen(bytes, at)
    }
    const received = this.#received
    this.#received = []
    return received
  }

  #restart(): void {
    this.#fields = new Map()
    this.#jsonText = this.#failure = this.#isJson = undefined
    this.#slip.reset()
    this.#json.reset()
  }

  #fail(detail: string): void {
    this.#received.push(malformed(detail))
    this.#restart()
  }

  #settle(record: SlipRecord, isAnnounced: boolean): void {
    const needBytes = isAnnounced ? undefined : announced(record)
    if (needBytes !== undefined) this.#needBytes = needBytes
    else {
      const { oversized } = this.#slip
      const response = TossMessage.readResponse(record)
      const isWhole = this.#isJson === true || oversized().length === 0
      if (!isWhole) this.#received.push(malformed("Cannot read response: a content is over the limit"))
      else this.#received.push(Result.mapError(response, ({ message }) => ({ _tag: "Malformed", detail: message })))
    }
    this.#restart()
  }

  #settleJson(text: string, isAnnounced: boolean): void {
    const record = JsonRecord.read(text)
    if (Result.isFailure(record)) this.#fail(record.failure.detail)
    else
      this.#settle(
        JsonRecord.withContents(record.success, (file) => file),
        isAnnounced
      )
  }

  /** Reads on where nothing was announced: the index where to go on. */
  #takeOpen(bytes: Uint8Array, from: number): number {
    if (this.#isJson === undefined) {
      if (JsonSplitter.isWhiteSpace(bytes[from]!)) return from + 1
      this.#isJson = bytes[from] === brace
    }
    if (this.#isJson) {
      const pushed = this.#json.push(bytes, from)
      if (pushed._tag === "More") return bytes.length
      if (pushed._tag === "Text") this.#settleJson(pushed.text, false)
      else this.#fail("Cannot read response: it is no JSON, or too large")
      return pushed._tag === "Failed" ? bytes.length : pushed.end
    }
    const pushed = this.#slip.push(bytes, from)
    switch (pushed._tag) {
      case "Failed":
        this.#fail(pushed.detail)
        return bytes.length
      case "More":
        return bytes.length
      case "Key":
        return pushed.end
      case "Field":
        this.#fields.set(pushed.key, pushed.value)
        if (pushed.key === "status") this.#settle(this.#fields, false)
        return pushed.end
    }
  }

  /** Reads a part of what was announced: all of it is taken, whatever it is. */
  #takeBody(bytes: Uint8Array, from: number): number {
    const end = Math.min(bytes.length, from + this.#needBytes)
    const part = bytes.subarray(from, end)
    this.#isJson ??= part[0] === brace
    if (this.#failure === undefined) {
      if (this.#isJson) this.#takeJson(part)
      else this.#takeSlip(part)
    }
    this.#needBytes -= part.length
    if (this.#needBytes === 0) this.#endBody()
    return end
  }

  #takeJson(part: Uint8Array): void {
    if (this.#jsonText !== undefined) return
    const pushed = this.#json.push(part, 0)
    if (pushed._tag === "Text") this.#jsonText = pushed.text
    else if (pushed._tag !== "More") this.#failure = "Cannot read response: it is no JSON, or too large"
  }

  #takeSlip(part: Uint8Array): void {
    let at = 0
    while (at < part.length) {
      const pushed = this.#slip.push(part, at)
      if (pushed._tag === "Failed") this.#failure = pushed.detail
      if (pushed._tag === "Failed" || pushed._tag === "More") return
      if (pushed._tag === "Field") this.#fields.set(pushed.key, pushed.value)
      at = pushed.end
    }
  }

  #endBody(): void {
    const cut = this.#isJson === true ? undefined : this.#slip.finish()?.detail
    const wrong = this.#failure ?? cut
    if (wrong !== undefined) this.#fail(wrong)
    else if (this.#isJson !== true) this.#settle(this.#fields, true)
    else if (this.#jsonText === undefined) this.#fail("Cannot read response: it is cut off")
    else this.#settleJson(this.#jsonText, true)
  }
}

/** Makes a reader that nothing has come to. */
export const make = (limits: SlipLimits): Reader<Uint8Array, Decoded<TossMessage.Response>> => {
  const responses = new Responses(limits)
  return { read: (bytes) => responses.read(bytes) }
}
