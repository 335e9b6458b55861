import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Server } from "socket.io"
import { OutgoingEvent, type SocketIoPacket } from "../../src/protocols/SocketIoPacket.ts"
import { framed, SocketIoBatches, textOf, type Unsolicited } from "../../src/transports/SocketIoBatches.ts"

const { encoder } = new Server()

const Event = Schema.Struct({ name: Schema.String, args: Schema.Array(Schema.Json), isShared: Schema.Boolean })
const packetOf = ({ args, isShared, name }: typeof Event.Type): Unsolicited =>
  isShared ? new OutgoingEvent(name, args) : { _tag: "Event", name, args }

// RFC 6455 § 5.2: what an unmasked text frame carries.
const payloads = (bytes: Buffer): ReadonlyArray<string> => {
  const read: Array<string> = []
  for (let at = 0; at < bytes.length;) {
    assert.strictEqual(bytes[at], 0x81)
    const short = bytes[at + 1] ?? 0
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10
    const size =
      headBytes === 2 ? short : headBytes === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    read.push(bytes.toString("utf8", at + headBytes, at + headBytes + size))
    at += headBytes + size
  }
  return read
}

const bytesOf = (packets: ReadonlyArray<Unsolicited>): Buffer => Buffer.from(framed(packets).wsPreEncodedFrame[0])

describe("SocketIoBatches", () => {
  it.effect.prop("textOf() writes what Socket.IO's encoder does", [Event], ([event]) =>
    Effect.sync(() => {
      const { args, name } = event
      const parts: ReadonlyArray<unknown> = encoder.encode({ type: 2, nsp: "/", data: [name, ...args] })
      assert.deepStrictEqual(parts, [textOf(packetOf(event))])
    })
  )

  it("textOf() writes a disconnect as Socket.IO's encoder does", () => {
    assert.deepStrictEqual<ReadonlyArray<unknown>>(encoder.encode({ type: 1, nsp: "/", data: undefined }), [
      textOf({ _tag: "Disconnect" })
    ])
  })

  it.effect.prop("framed() carries each packet as a message of Engine.IO", [Schema.Array(Event)], ([events]) =>
    Effect.sync(() => {
      const packets = [...events.map(packetOf), { _tag: "Disconnect" } as const]
      assert.deepStrictEqual(
        payloads(bytesOf(packets)),
        packets.map((packet) => `4${textOf(packet)}`)
      )
    })
  )

  it("framed() knows the lengths at which the head of a frame grows", () => {
    const head = '42["word",""]'.length
    for (const size of [125, 126, 65_535, 65_536]) {
      const text = "x".repeat(size - head)
      for (const packet of [
        new OutgoingEvent("word", [text]),
        { _tag: "Event", name: "word", args: [text] } as const
      ]) {
        const [payload] = payloads(bytesOf([packet]))
        assert.strictEqual(payload?.length, size)
        assert.strictEqual(payload, `42["word","${text}"]`)
      }
    }
  })

  it("SocketIoBatches.framed() makes the bytes of a batch once, and none where something is acknowledged", () => {
    const batches = new SocketIoBatches()
    const batch: ReadonlyArray<SocketIoPacket> = [new OutgoingEvent("word", ["ü"])]
    const first = batches.framed(batch)
    assert.isDefined(first)
    assert.strictEqual(batches.framed(batch), first)
    const ack = { _tag: "Ack", id: 1, args: [] } as const
    assert.isUndefined(batches.framed([...batch, ack]))
    const again = batches.framed(batch)
    assert.deepStrictEqual(again?.wsPreEncodedFrame, first?.wsPreEncodedFrame)
    assert.deepStrictEqual(payloads(Buffer.from(again!.wsPreEncodedFrame[0])), ['42["word","ü"]'])
  })
})
