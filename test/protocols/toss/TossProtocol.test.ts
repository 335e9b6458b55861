import { assert, describe, it } from "@effect/vitest"
import type { SharedEvent } from "../../../src/domain/Event.ts"
import { type Message, ProtocolName } from "../../../src/domain/Message.ts"
import type { UserName } from "../../../src/domain/Names.ts"
import type { ByteFrame } from "../../../src/protocols/Protocol.ts"
import * as TossProtocol from "../../../src/protocols/toss/TossProtocol.ts"
import * as Client from "./Client.ts"

const message = (number: number, text = `text ${number}`): Message => ({
  number,
  from: "alice" as UserName,
  protocol: ProtocolName.make("toss"),
  text,
  atMillis: 0
})

const said = (message: Message): SharedEvent => ({ _tag: "Said", message })

const text = (frames: ReadonlyArray<ByteFrame>): string =>
  frames.map((frame) => (frame instanceof Uint8Array ? Buffer.from(frame).toString() : frame._tag)).join("")

describe("TossProtocol", () => {
  it("TossProtocol.render() gives the frames that the senders got, when others have spoken meanwhile", () => {
    const protocol = TossProtocol.make({ nowMillis: () => 0, gapMillis: 0 })
    const conversation = protocol.converse()
    const reader = protocol.reader()
    const messages = Array.from({ length: 512 }, (_, index) => message(index))
    const receipts = messages.map((message) => {
      const [packet] = reader.read(Client.message(message.text))
      const [step] = conversation.receive(packet!)
      assert(step?._tag === "Run")
      return step.replied({ _tag: "Accepted", message })
    })
    for (const [index, message] of messages.entries()) {
      const [receipt] = receipts[index]!
      assert(receipt?._tag === "Send")
      assert.strictEqual(protocol.render(said(message), "witness", 0)[0], receipt.frame)
    }
  })

  it("TossProtocol.render() takes no message for another one, however many there are", () => {
    const protocol = TossProtocol.make({ nowMillis: () => 0 })
    for (const number of [1, 513, 1025, 1, 2, 1]) {
      for (const words of ["hello", "x".repeat(5000)]) {
        const event = said(message(number, `${words} ${number}`))
        for (const variant of [0, 1, 0]) {
          const frames = text(protocol.render(event, "witness", variant))
          assert.include(frames, variant === 0 ? `|${words} ${number};` : `"${words} ${number}"`)
        }
      }
    }
  })
})
