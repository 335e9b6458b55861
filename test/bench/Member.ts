/** A member of a chat: a socket that has logged in, and what it has heard since. */
import { connect, type Socket } from "node:net"
import type { Counter, Language } from "./Languages.ts"

export interface Member {
  readonly socket: Socket
  readonly counter: Counter
  /** A message, as this one sends it. */
  readonly message: Buffer
  /** Called after each read; it is for who must act on what comes. */
  onRead: (() => void) | undefined
  /** Counts what comes from now on. */
  readonly count: () => void
  /** Bytes that came, ever. */
  readonly bytes: () => number
}

// All members read into the same memory: what they hear is counted at once and not kept.
const buffer = Buffer.allocUnsafeSlow(256 * 1024)
const patienceMillis = 20_000

/** Waits. */
export const pause = (millis: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, millis)
  })

/** Connects and logs in, and with a `room` enters it. Fails when the connection ends, or it takes longer than 20 s. */
export const enter = (port: number, language: Language, name: string, room?: string): Promise<Member> =>
  new Promise((resolve, reject) => {
    const counter = language.counter()
    const moving = room === undefined ? undefined : language.join?.(room)
    let message: Buffer = Buffer.alloc(0)
    let heard = ""
    let said = 0
    let isIn = false
    let isCounting = false
    let bytes = 0
    const patience = setTimeout(() => reject(new Error(`${name} waits for ever`)), patienceMillis)
    const member = (): Member => ({
      socket,
      counter,
      message,
      onRead: undefined,
      count: () => {
        isCounting = true
      },
      bytes: () => bytes
    })
    let self: Member | undefined
    const done = () => {
      clearTimeout(patience)
      isIn = true
      heard = ""
      self = member()
      resolve(self)
    }
    const advance = () => {
      if (said < 0) return heard.includes(moving?.answer ?? "") ? done() : undefined
      const next = language.logIn(heard, name, said)
      if (next === "wait") return
      if (next === "in") message = language.message(heard)
      if (next !== "in") {
        said++
        socket.write(next)
      } else if (moving === undefined) done()
      else {
        heard = ""
        said = -1
        socket.write(moving.bytes)
      }
    }
    const socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer,
        callback: (length) => {
          bytes += length
          if (isCounting) counter.read(buffer, length)
          else if (!isIn) {
            heard += buffer.toString("latin1", 0, length)
            advance()
          }
          self?.onRead?.()
          return true
        }
      }
    })
    socket.once("error", reject)
    socket.once("close", () => reject(new Error(`${name} was hung up on`)))
    socket.once("connect", () => {
      if (language.hello !== "") socket.write(language.hello)
      advance()
    })
  })

/** Waits until nothing has come for a while; at most five seconds. */
export const silence = async (members: ReadonlyArray<Member>): Promise<void> => {
  const total = () => members.reduce((sum, member) => sum + member.bytes(), 0)
  let before = -1
  for (let round = 0; round < 25 && before !== total(); round++) {
    before = total()
    await pause(200)
  }
}
