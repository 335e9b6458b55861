/**
 * The connection to the server.
 *
 * - It comes back by itself, and takes the name again, until the server says that this is no use.
 * - Nothing is sent before the name is taken, and nothing is kept for later: who asks without a connection gets an error.
 */
import { io, type Socket } from "socket.io-client"
import type { Answer, Direct, ErrorNote, Invited, Note, Presence, RoomNote, Welcome } from "./Wire.ts"

export interface Listener {
  /** The name is taken. */
  readonly welcome: (welcome: Welcome) => void
  /** The name was refused. */
  readonly refused: (refusal: { readonly code: string; readonly message: string }) => void
  /** The connection is lost; it comes back by itself unless `isFinal`. */
  readonly lost: (isFinal: boolean, reason: string | undefined) => void
  readonly message: (note: Note) => void
  readonly direct: (direct: Direct) => void
  readonly presence: (presence: Presence) => void
  readonly room: (note: RoomNote) => void
  readonly invited: (invited: Invited) => void
}

export interface Connection {
  /** Connects if need be, and takes a name. */
  readonly register: (name: string) => void
  /** Asks the server, again while it says that questions come too fast. Fails when no answer comes. */
  readonly ask: (event: string, ...args: ReadonlyArray<unknown>) => Promise<Answer>
  /** The same, but once. */
  readonly askOnce: (event: string, ...args: ReadonlyArray<unknown>) => Promise<Answer>
  readonly close: () => void
}

const answerMillis = 20_000
const floodPauseMillis = 700

export const wait = (millis: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, millis))

export const open = (listener: Listener): Connection => {
  const socket: Socket = io({
    autoConnect: false,
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnectionDelay: 400,
    reconnectionDelayMax: 4000,
    timeout: 10_000
  })
  let name = ""
  let isRegistered = false
  let isRegistering = false
  let reason: string | undefined
  // What comes next only puts into words what the event before it has said.
  let isSaid = false

  const register = (): void => {
    if (!socket.connected || isRegistering) return
    isRegistering = true
    socket.emit("register", name, (isSuccess: boolean) => {
      isRegistering = false
      if (isSuccess) isRegistered = true
    })
  }

  socket.on("connect", () => {
    isRegistering = false
    reason = undefined
    isSaid = false
    register()
  })
  socket.on("disconnect", (cause) => {
    isRegistered = false
    isRegistering = false
    const isFinal = cause === "io server disconnect"
    if (cause !== "io client disconnect") listener.lost(isFinal, reason)
  })
  socket.on("connect_error", () => listener.lost(false, undefined))
  socket.on("error", ({ code, message, event }: ErrorNote) => {
    if (event === undefined) reason = message
    else if (event === "register" && !isRegistered) listener.refused({ code, message })
  })
  socket.on("welcome", listener.welcome)
  socket.on("direct", listener.direct)
  const said =
    <A>(handle: (event: A) => void) =>
    (event: A): void => {
      isSaid = true
      handle(event)
    }
  socket.on("presence", said(listener.presence))
  socket.on("room", said(listener.room))
  socket.on("invited", said(listener.invited))
  socket.on("message", (note: Note) => {
    const isRepeated = note.private === true || (isSaid && note.from === "Server")
    if (note.from === "Server") isSaid = false
    if (!isRepeated) listener.message(note)
  })

  const askOnce = async (event: string, ...args: ReadonlyArray<unknown>): Promise<Answer> => {
    if (!isRegistered) throw new Error("There is no connection.")
    return (await socket.timeout(answerMillis).emitWithAck(event, ...args)) as Answer
  }

  return {
    register: (wanted) => {
      name = wanted
      if (socket.connected) register()
      else socket.connect()
    },
    askOnce,
    ask: async (event, ...args) => {
      for (;;) {
        const answer = await askOnce(event, ...args)
        if (answer.ok || answer.error.code !== "Flooding") return answer
        await wait(floodPauseMillis)
      }
    },
    close: () => void socket.disconnect()
  }
}
