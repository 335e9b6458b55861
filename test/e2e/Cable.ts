/** The way between a browser and a server: it can be cut, made deaf in one direction, and led to another server. */
import { Effect, type Scope } from "effect"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

export interface Cable {
  /** The address that stays, whatever becomes of the server. */
  readonly url: string
  /** Breaks all connections, and lets none through. */
  readonly cut: () => void
  readonly mend: () => void
  /** From now on what the server sends does not arrive, on the connections that there are. */
  readonly muffle: () => void
  /** Breaks all connections when so many bytes more have gone to the server, once. */
  readonly cutAfter: (bytes: number) => void
  readonly leadTo: (url: string) => void
}

export const make = Effect.fnUntraced(function* (target: string): Effect.fn.Return<Cable, never, Scope.Scope> {
  const open = new Set<Socket>()
  let { port } = new URL(target)
  let isCut = false
  let epoch = 0
  let muffled = -1
  let left = Infinity

  const breakAll = (): void => {
    for (const socket of open) socket.destroy()
    open.clear()
  }

  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const mine = ++epoch
    const far = connect(Number(port), "127.0.0.1")
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on("error", () => {})
      socket.on("close", () => {
        open.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on("data", (bytes: Uint8Array) => {
      far.write(bytes)
      left -= bytes.length
      if (left > 0) return
      left = Infinity
      breakAll()
    })
    far.on("data", (bytes: Uint8Array) => {
      if (mine > muffled) near.write(bytes)
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.sync(() => {
        breakAll()
        server.close()
      })
  )
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true
      breakAll()
    },
    mend: () => {
      isCut = false
    },
    muffle: () => {
      muffled = epoch
    },
    cutAfter: (bytes) => {
      left = bytes
    },
    leadTo: (url) => {
      ;({ port } = new URL(url))
    }
  }
})
