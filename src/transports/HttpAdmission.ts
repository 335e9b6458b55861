/** Which connections the HTTP port takes. */
import { Effect } from "effect"
import type { Socket } from "node:net"
import { Metrics } from "../services/Metrics.ts"
import { Quota } from "../services/Quota.ts"
import { Descriptors } from "./Descriptors.ts"

export interface HttpAdmission {
  /** Takes a connection that has just come, or refuses it in words of HTTP, and closes it. */
  readonly admit: (socket: Socket) => boolean
  /** Says that the system has given no descriptor for a connection. */
  readonly ranOut: () => void
}

const refusal = (status: string, text: string): string =>
  [
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Content-Type: text/plain",
    `Content-Length: ${text.length + 1}`,
    "Cache-Control: no-store",
    "Retry-After: 10",
    "",
    `${text}\n`
  ].join("\r\n")

const tooMany = refusal("429 Too Many Requests", "There are too many connections from your address.")
const full = refusal("503 Service Unavailable", "There are too many connections.")

/** Takes as many as the quota of each address and the descriptors of the process allow. */
export const make = Effect.gen(function* () {
  const quota = yield* Quota
  const metrics = yield* Metrics
  const descriptors = yield* Descriptors

  const refuse = (socket: Socket, answer: string): boolean => {
    metrics.counts.connectionsRefused++
    socket.on("error", () => {})
    socket.write(answer)
    socket.destroySoon()
    return false
  }

  const admit = (socket: Socket): boolean => {
    if (!descriptors.hold(socket)) return refuse(socket, full)
    const leave = quota.admitHttp(socket.remoteAddress ?? "")
    if (leave === undefined) return refuse(socket, tooMany)
    socket.once("close", leave)
    return true
  }

  return { admit, ranOut: descriptors.ranOut } satisfies HttpAdmission
})
