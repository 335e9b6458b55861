/** The process is stopped longer than any time-out, as by a sleeping machine: whose bytes have come meanwhile stays. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Clients from "./Clients.ts"
import * as PacketClient from "./PacketClient.ts"
import * as RunningProgram from "./RunningProgram.ts"
import * as TossClient from "./TossClient.ts"

const timeoutSeconds = 4
const stoppedSeconds = 6
const timeouts = ["login", "session", "upload"].flatMap((name) => [`--${name}-timeout`, `${timeoutSeconds} seconds`])
const utf8 = new TextEncoder()

describe("The program when it was stopped", () => {
  it.live("keeps peers whose bytes have come, and takes these", () =>
    Effect.gen(function* () {
      const { child, url } = yield* RunningProgram.start(...timeouts)
      const chatmaster = yield* Clients.chatmaster(url("chatmaster"))
      yield* chatmaster.login("ChatMaster")
      const toss = yield* TossClient.original(url("toss"))
      yield* toss.login("Toss")
      const sockets = yield* Clients.sockets(url("sockets"))
      yield* sockets.ask("register", "Sockets")
      const hears = (name: string, text: string) =>
        sockets.from(name).pipe(Effect.repeat({ until: (heard) => heard.includes(text) }))

      const packets = [
        { name: "Stream", client: yield* PacketClient.tcp(url("packet").replace(/^udp/, "tcp")) },
        { name: "Datagram", client: yield* PacketClient.udp(url("packet").replace(/^tcp/, "udp")) }
      ]
      const members = yield* Effect.forEach(packets, ({ client, name }) =>
        Effect.map(client.login(name), ({ session }) => ({ client, name, session }))
      )
      const [stream] = members as [(typeof members)[0]]
      const chunks = [utf8.encode("x".repeat(256)), utf8.encode("y")]
      yield* stream.client.send({ _tag: "UploadRequest", session: stream.session, sizeBytes: 257, name: "late.txt" })
      const { transaction } = yield* stream.client.next("TransferResponse")
      yield* stream.client.send({ _tag: "UploadChunkRequest", transaction, chunk: 0, blob: chunks[0]! })
      yield* stream.client.next("UploadChunkResponse")
      const late = yield* Clients.chatmaster(url("chatmaster"))
      for (const { client, session } of members) yield* client.send({ _tag: "SessionPreserve", session })
      for (const { client } of members) yield* client.next("SessionCookie")

      child.kill("SIGSTOP")
      yield* late.command("login", { username: "Late" })
      for (const { client, name, session } of members) {
        yield* client.send({ _tag: "BroadcastRequest", session, message: 1n, blob: utf8.encode(`by ${name}`) })
      }
      yield* stream.client.send({ _tag: "UploadChunkRequest", transaction, chunk: 1, blob: chunks[1]! })
      yield* Effect.sleep(stoppedSeconds * 1000)
      child.kill("SIGCONT")

      yield* late.takeUntil(({ type }) => type === "session")
      const { chunk } = yield* stream.client.next("UploadChunkResponse")
      assert.strictEqual(chunk, 1)
      const missing = new Set<unknown>(members.map(({ name }) => `by ${name}`))
      yield* chatmaster.takeUntil(({ data }) => missing.delete(data["message"]) && missing.size === 0)
      yield* hears("Stream", "late.txt")
      // All are in, and go on.
      for (const { client, name, session } of members) {
        yield* client.send({ _tag: "BroadcastRequest", session, message: 2n, blob: utf8.encode(`again by ${name}`) })
        yield* hears(name, `again by ${name}`)
      }
      yield* late.say("by Late")
      yield* hears("Late", "by Late")
      yield* toss.say("by Toss")
      yield* hears("Toss", "by Toss")
      assert.strictEqual(toss.state(), "alive")
    }).pipe(Effect.scoped)
  )
})
