import { assert, describe, it } from "@effect/vitest"
import type { Reply } from "../../../src/domain/Command.ts"
import type { RoomName, UserName } from "../../../src/domain/Names.ts"
import * as Rejection from "../../../src/domain/Rejection.ts"
import {
  alice,
  bob,
  channelList,
  command,
  error,
  general,
  loggedIn,
  only,
  plain,
  refuse,
  reply,
  room1,
  rooms,
  type Talk
} from "./Peer.ts"
import { plainly } from "./Wire.ts"

describe("ChatMasterConversation, in general", () => {
  const joinGeneral = command("join", `{"channel": "General"}`)
  const joined = (members: ReadonlyArray<string>, username = "bob") => {
    const parameters = { username, channel: "general", current_users: members }
    return { send: { type: "notification", data: { event_type: "user_joined", ...parameters, parameters } } }
  }
  const already = error("join", "You have already joined the channel.")
  const enterGeneral = (talk: Talk) => refuse(only(talk, joinGeneral), new Rejection.AlreadyInRoom())
  const leave = (talk: Talk) => refuse(only(talk, command("leave")), new Rejection.NotInRoom())
  const nowhere = error("leave", "You are not in a channel.")
  const users: Reply = { _tag: "Users", room: general, users: [alice, bob] }

  it("receive() confirms the first join of general and refuses the second", () => {
    const talk = loggedIn()
    const [step] = enterGeneral(talk)
    assert.deepStrictEqual(plainly(step!), { run: { _tag: "ListUsers", room: "general" } })
    assert.deepStrictEqual(plain(reply(step!, users)), [joined(["alice", "bob"])])
    assert.deepStrictEqual(plain(enterGeneral(talk)), [already])
  })

  it("receive() confirms the join of general under the present name", () => {
    const talk = loggedIn()
    const rename = only(talk, command("rename", `{"username": "rob"}`))
    assert.deepStrictEqual(reply(rename, { _tag: "Renamed", name: "rob" as UserName }), [])
    assert.deepStrictEqual(plain(reply(enterGeneral(talk)[0]!, users)), [joined(["alice", "bob"], "rob")])
  })

  it("receive() answers leave in general as the user sees it", () => {
    const talk = loggedIn()
    assert.deepStrictEqual(plain(leave(talk)), [nowhere])
    enterGeneral(talk)
    const [step] = leave(talk)
    assert.deepStrictEqual(plainly(step!), { run: { _tag: "ListRooms" } })
    assert.deepStrictEqual(plain(reply(step!, { _tag: "Rooms", rooms })), [channelList])
    assert.deepStrictEqual(plain(leave(talk)), [nowhere])
    assert.deepStrictEqual(plainly(enterGeneral(talk)[0]!), { run: { _tag: "ListUsers", room: "general" } })
  })

  it("receive() knows who came back to general by joining it", () => {
    const talk = loggedIn()
    const come = (room: RoomName) => {
      const step = only(talk, command("join", `{"channel": "${room}"}`))
      assert.deepStrictEqual(reply(step, { _tag: "Joined", room, members: [] }), [])
    }
    come(room1)
    come(general)
    assert.deepStrictEqual(plain(enterGeneral(talk)), [already])
    come(room1)
    talk.conversation.present({ _tag: "RoomLeft", left: room1, current: general, rooms })
    assert.deepStrictEqual(plain(leave(talk)), [nowhere])
    enterGeneral(talk)
    talk.conversation.present({ _tag: "RoomLeft", left: room1, current: general, rooms })
    assert.deepStrictEqual(plain(leave(talk)), [nowhere])
  })

  it("receive() refuses a second join of another channel", () => {
    const step = only(loggedIn(), command("join", `{"channel": "room1"}`))
    assert.deepStrictEqual(plain(refuse(step, new Rejection.AlreadyInRoom())), [already])
  })
})
