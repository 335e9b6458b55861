/** Frames as text for people: what a failed test shows of them. */
import type { FileFrame } from "../protocols/Protocol.ts"

const shownUnits = 200
const shownFrames = 6
const lastFrames = 3

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const cut = (text: string): string =>
  text.length <= shownUnits ? text : `${text.slice(0, shownUnits)}… (${text.length} in all)`

const hex = (bytes: Uint8Array): string => {
  const shown = Array.from(bytes.subarray(0, shownUnits / 2), (byte) => byte.toString(16).padStart(2, "0")).join("")
  return bytes.length * 2 <= shownUnits ? shown : `${shown}… (${bytes.length} bytes)`
}

// A line, in which nothing but line ends and tabs is not as it is.
const line = (decoded: string): string =>
  cut(decoded.replaceAll("\r", "\\r").replaceAll("\n", "\\n").replaceAll("\t", "\\t"))

const text = (bytes: Uint8Array): string => {
  try {
    const decoded = utf8.decode(bytes)
    // What has other control characters than line ends and tabs is no text.
    return [...decoded].some((it) => it < " " && !"\t\r\n".includes(it)) ? hex(bytes) : line(decoded)
  } catch {
    return hex(bytes)
  }
}

const isFile = (frame: object): frame is FileFrame => "_tag" in frame && frame._tag === "FileFrame"

const plain = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${value}n` : value instanceof Uint8Array ? text(value) : value

/** A frame in at most about 200 characters: bytes as text if they are, else in hexadecimal digits; other things as JSON. */
export const describe = (frame: unknown): string => {
  if (frame instanceof Uint8Array) return text(frame)
  if (typeof frame !== "object" || frame === null) return cut(String(frame))
  if (isFile(frame)) {
    return `${text(frame.head)} [file ${frame.file}, ${frame.sizeBytes} bytes, ${frame.encoding}] ${text(frame.tail)}`
  }
  return cut(JSON.stringify(frame, plain))
}

/** Of many frames the first and the last ones, a line each. */
export const list = <Frame>(
  frames: ReadonlyArray<Frame>,
  show: (frame: Frame) => string = describe
): ReadonlyArray<string> => {
  if (frames.length <= shownFrames) return frames.map((frame) => cut(show(frame)))
  const first = frames.slice(0, shownFrames - lastFrames)
  const left = frames.length - shownFrames
  return [
    ...first.map((it) => cut(show(it))),
    `… ${left} more`,
    ...frames.slice(-lastFrames).map((it) => cut(show(it)))
  ]
}
