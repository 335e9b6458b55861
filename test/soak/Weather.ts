/** The way between a member and the server: it divides, delays and breaks what goes over it, by chance. */
import { Effect, type Scope } from "effect"
import { createSocket, type RemoteInfo } from "node:dgram"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import type { Random } from "../fuzz/Mutation.ts"

export interface Way {
  readonly url: string
  /** Breaks all connections, in the way of a process that is killed. */
  readonly reset: () => void
}

const stallMillis = 1500

/** Passes bytes on, in order, in pieces and after pauses. */
const carry = (from: Socket, to: Socket, random: Random): void => {
  from.on("data", (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) {
      const end = random(4) === 0 ? at + 1 + random(40) : bytes.length
      to.write(bytes.subarray(at, end))
      at = end
    }
    if (random(200) === 0) {
      from.pause()
      setTimeout(() => from.resume(), random(stallMillis)).unref()
    }
  })
}

/** The way of TCP. */
export const stream = Effect.fnUntraced(function* (
  target: string,
  random: Random
): Effect.fn.Return<Way, never, Scope.Scope> {
  const { port, protocol } = new URL(target)
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: Number(port), host: "127.0.0.1", noDelay: true })
    for (const [socket, other] of [
      [near, far],
      [far, near]
    ] as const) {
      open.add(socket)
      socket.on("error", () => {})
      socket.on("end", () => other.end())
      socket.on("close", () => {
        open.delete(socket)
        other.destroy()
      })
      carry(socket, other, random)
    }
  })
  const reset = (): void => {
    for (const socket of open) socket.resetAndDestroy()
  }
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.sync(() => {
        reset()
        server.close()
      })
  )
  return { url: `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`, reset }
})

/** The way of UDP for one peer: it loses, repeats and reorders datagrams. */
export const datagrams = Effect.fnUntraced(function* (
  target: string,
  random: Random
): Effect.fn.Return<Way, never, Scope.Scope> {
  const serverPort = Number(new URL(target).port)
  const near = createSocket("udp4")
  const far = createSocket("udp4")
  let peer: RemoteInfo | undefined
  let isOpen = true
  const pass = (send: () => void): void => {
    if (random(20) === 0) return
    for (let copies = random(20) === 0 ? 2 : 1; copies > 0; copies--) {
      setTimeout(() => isOpen && send(), random(10) === 0 ? random(60) : 0).unref()
    }
  }
  near.on("message", (bytes, from) => {
    peer = from
    pass(() => far.send(bytes, serverPort, "127.0.0.1"))
  })
  far.on("message", (bytes) => pass(() => peer !== undefined && near.send(bytes, peer.port, peer.address)))
  for (const socket of [near, far]) {
    socket.on("error", () => {})
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void socket.bind(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          isOpen = false
          socket.close()
        })
    )
  }
  return { url: `udp://127.0.0.1:${near.address().port}`, reset: () => {} }
})
