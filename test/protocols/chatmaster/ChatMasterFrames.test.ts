import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as ChatMasterFrames from "../../../src/protocols/chatmaster/ChatMasterFrames.ts"
import * as ChatMasterPacket from "../../../src/protocols/chatmaster/ChatMasterPacket.ts"
import { unpack } from "./Wire.ts"

const text = (serverPackage: ChatMasterPacket.ServerPackage) =>
  Buffer.from(ChatMasterFrames.encode(serverPackage, 0)).toString()

describe("ChatMasterFrames", () => {
  it("ChatMasterFrames.encode() writes every package as it is described", () => {
    const users = ["alice", "bob"]
    assert.deepStrictEqual(
      [
        ChatMasterPacket.loginRequest,
        ChatMasterPacket.session(["general", "python"]),
        ChatMasterPacket.denial("Username is already taken."),
        ChatMasterPacket.message("alice", "hé"),
        ChatMasterPacket.channelList(["general"]),
        ChatMasterPacket.presence("user_joined", "bob", "room1", users),
        ChatMasterPacket.presence("user_left", "bob", "room1", ["alice"]),
        ChatMasterPacket.renaming("al", "ali"),
        ChatMasterPacket.error("join", "You have already joined the channel.")
      ].map(text),
      [
        `{"type":"request","data":{"request":"login"}}`,
        `{"type":"session","data":{"status":true,"channels":["general","python"]}}`,
        `{"type":"session","data":{"status":false,"reason":"Username is already taken."}}`,
        `{"type":"message","data":{"message":"hé","username":"alice"}}`,
        `{"type":"notification","data":{"event_type":"channel_list","channels":["general"],"parameters":{"channels":["general"]}}}`,
        `{"type":"notification","data":{"event_type":"user_joined","username":"bob","channel":"room1","current_users":["alice","bob"],"parameters":{"username":"bob","channel":"room1","current_users":["alice","bob"]}}}`,
        `{"type":"notification","data":{"event_type":"user_left","username":"bob","channel":"room1","current_users":["alice"],"parameters":{"username":"bob","channel":"room1","current_users":["alice"]}}}`,
        `{"type":"notification","data":{"event_type":"user_rename","old_username":"al","new_username":"ali","parameters":{"old_username":"al","new_username":"ali"}}}`,
        `{"type":"error","data":{"error_type":"join","message":"You have already joined the channel."}}`
      ]
    )
  })

  it("ChatMasterFrames.encode() compresses one package to one stream", () => {
    const serverPackage = ChatMasterPacket.message("alice", "hi 🙂")
    for (const container of [0, 1, 2] as const) {
      const frame = ChatMasterFrames.encode(serverPackage, container)
      assert.strictEqual(frame[0], [0x7b, 0x78, 0x1f][container])
      assert.deepStrictEqual(unpack(frame, container), serverPackage)
    }
  })

  it("ChatMasterFrames.divide() leaves what fits whole", () => {
    for (const whole of ["", "hi", "x".repeat(50_000), "\u0000".repeat(9000)]) {
      assert.deepStrictEqual(ChatMasterFrames.divide(whole), [whole])
    }
  })

  it("ChatMasterFrames.divide() cuts between code points and loses nothing", () => {
    const units = ["\u0000", "🙂", `"`, "\\", "\n", "é", "€", "\ud800", "\u000b", "\u001f", "x"]
    for (const unit of [...units, units.join("")]) {
      const whole = unit.repeat(100_000 / unit.length)
      const pieces = ChatMasterFrames.divide(whole)
      assert.strictEqual(pieces.join(""), whole)
      assert.isAbove(pieces.length, 1)
      for (const piece of pieces) {
        assert.isBelow(text(ChatMasterPacket.message("🙂".repeat(64), piece, true)).length, 60_000)
        if (unit === "🙂") assert.isTrue(piece.isWellFormed())
      }
      const isFull = pieces
        .slice(0, -1)
        .every((piece) => Buffer.byteLength(text(ChatMasterPacket.message("a", piece))) > 57_900)
      assert.isTrue(isFull)
    }
  })

  it.prop("ChatMasterFrames.divide() gives any text back", [Schema.String, Schema.Int], ([part, count]) => {
    const whole = part.repeat(Math.abs(count) % 20_000)
    const pieces = ChatMasterFrames.divide(whole)
    assert.isTrue(pieces.join("") === whole)
    for (const piece of pieces) {
      assert.isBelow(ChatMasterFrames.encode(ChatMasterPacket.message("a", piece), 0).length, 60_000)
    }
  })

  it("ChatMasterFrames.fitting() keeps as many names as fit", () => {
    const few = ["alice", "bob"]
    assert.strictEqual(ChatMasterFrames.fitting(few), few)
    for (const name of ["bob", `"`.repeat(64), "🙂".repeat(64)]) {
      const names = ChatMasterFrames.fitting(Array.from({ length: 20_000 }, () => name))
      const longest = `\\`.repeat(64)
      const frame = text(ChatMasterPacket.presence("user_joined", longest, longest, names))
      assert.isBelow(Buffer.byteLength(frame), 60_000)
      assert.isAbove(Buffer.byteLength(frame), 57_000)
    }
  })
})
