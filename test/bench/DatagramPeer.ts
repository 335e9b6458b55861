/** A session over UDP. */
import { createSocket, type Socket } from "node:dgram"
import { once } from "node:events"
import * as Packets from "./Packets.ts"

export interface DatagramPeer {
  /** Connected to the server. */
  readonly socket: Socket
  readonly session: Buffer
  readonly user: number
}

const patienceMillis = 10_000

/** After how long what was not answered is sent again. */
export const repeatMillis = 200

/** A UDP socket whose peer is a port of this machine. */
export const connect = async (port: number): Promise<Socket> => {
  const socket = createSocket("udp4")
  socket.connect(port, "127.0.0.1")
  await once(socket, "connect")
  return socket
}

/** Sends a packet until one of a type comes; fails when an error comes, or nothing for 10 s. */
export const ask = (socket: Socket, request: Buffer, type: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(patience)
      clearInterval(repetition)
      socket.off("message", read)
      act()
    }
    const read = (packet: Buffer): void => {
      if (packet[1] === type) settle(() => resolve(packet))
      else if (packet[1] === Packets.types.error)
        settle(() => reject(new Error(`Refused: ${packet.toString("latin1")}`)))
    }
    const repetition = setInterval(() => socket.send(request), repeatMillis)
    const patience = setTimeout(() => settle(() => reject(new Error(`No packet ${type} comes`))), patienceMillis)
    socket.on("message", read)
    socket.send(request)
  })

/** Opens a session on a socket and proves where it is. */
export const enter = async (socket: Socket, name: string): Promise<DatagramPeer> => {
  const cookie = await ask(socket, Packets.sessionRequest(name), Packets.types.cookie)
  const session = Packets.sessionOf(cookie)
  await ask(socket, Packets.sessionPreserve(session), Packets.types.cookie)
  return { socket, session, user: Packets.userOf(cookie) }
}
