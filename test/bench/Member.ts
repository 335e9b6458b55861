/** A member of a chat: a socket that has logged in, and what it has heard since. */
import { connect, type Socket } from "node:net"
import type { Counter } from "./Counters.ts"
import type { Language } from "./Languages.ts"

export interface Member {
  readonly socket: Socket
  /** Counts since {@link Member.count}. */
  readonly counter: () => Counter
  /** A message, as this one sends it. */
  readonly say: (text: string) => Buffer
  /** Called after each read; it is for who must act on what comes. */
  onRead: (() => void) | undefined
  /** Counts what comes from now on, as its language does or with another counter. */
  readonly count: (counter?: Counter) => void
  /** Bytes that came, ever. */
  readonly bytes: () => number
}

// All members read into the same memory: what they hear is counted at once and not kept.
const buffer = Buffer.allocUnsafeSlow(256 * 1024)

interface Turn {
  isOver: boolean
  reads: number
  bytes: number
}
const turn: Turn = { isOver: true, reads: 0, bytes: 0 }
let napMillis = 0
const fewBytes = 2000
const cell = new Int32Array(new SharedArrayBuffer(4))

const endTurn = (): void => {
  turn.isOver = true
  if (turn.bytes < fewBytes * turn.reads) Atomics.wait(cell, 0, 0, napMillis)
  turn.reads = turn.bytes = 0
}

const noteRead = (length: number): void => {
  if (napMillis === 0) return
  turn.reads++
  turn.bytes += length
  if (!turn.isOver) return
  turn.isOver = false
  setImmediate(endTurn)
}

/**
 * Has all members of this process sleep so long after they have read little each, so that more comes with the next read.
 *
 * It is for loads that would take longer to read many small writes than servers to make them; only where there is no look
 * at the time, and where a server has always enough to do.
 */
export const napBetweenReads = (millis: number): void => {
  napMillis = millis
}

/** Waits. */
export const pause = (millis: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, millis)
  })

const keepAliveMillis = 15_000

const nobody = (): never => {
  throw new Error("Not logged in")
}

/** Connects and logs in, and with a `room` enters it. Fails when the connection ends, or it takes longer than 20 s. */
export const enter = (
  port: number,
  language: Language,
  name: string,
  room?: string,
  patienceMillis = 20_000
): Promise<Member> =>
  new Promise((resolve, reject) => {
    let counter: Counter | undefined
    const moving = room === undefined ? undefined : language.join?.(room)
    let say: (text: string) => Buffer = nobody
    let heard = ""
    let said = 0
    let isIn = false
    let bytes = 0
    const patience = setTimeout(() => reject(new Error(`${name} waits for ever`)), patienceMillis)
    const member = (): Member => ({
      socket,
      counter: () => counter ?? nobody(),
      say,
      onRead: undefined,
      count: (it = language.counter()) => {
        counter = it
      },
      bytes: () => bytes
    })
    let self: Member | undefined
    const done = () => {
      clearTimeout(patience)
      const { keepAlive } = language
      if (keepAlive !== undefined) setInterval(() => socket.write(keepAlive), keepAliveMillis).unref()
      isIn = true
      heard = ""
      self = member()
      resolve(self)
    }
    const advance = () => {
      if (said < 0) return heard.includes(moving?.answer ?? "") ? done() : undefined
      const next = language.logIn(heard, name, said)
      if (next === "wait") return
      if (next === "in") {
        const came = heard
        say = (text) => language.message(came, text)
      }
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
          noteRead(length)
          if (counter !== undefined) counter.read(buffer, length)
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

/** Waits until nothing has come for a tenth of a second; at most five. */
export const silence = async (members: ReadonlyArray<Member>): Promise<void> => {
  const total = () => members.reduce((sum, member) => sum + member.bytes(), 0)
  let before = -1
  for (let round = 0; round < 50 && before !== total(); round++) {
    before = total()
    await pause(100)
  }
}

/** The name of a member; all are equally long, as some counters need it. */
export const nameOf = (index: number): string => `user${String(index).padStart(4, "0")}`
