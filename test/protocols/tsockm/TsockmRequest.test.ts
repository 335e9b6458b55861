import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as TsockmId from "../../../src/protocols/tsockm/TsockmId.ts"
import * as TsockmPacket from "../../../src/protocols/tsockm/TsockmPacket.ts"
import * as TsockmRequest from "../../../src/protocols/tsockm/TsockmRequest.ts"
import { captured } from "./Wire.ts"

const read = (text: string) => TsockmRequest.read(TsockmPacket.fields(text))

const request = (text: string) => Result.getOrThrow(read(text))

/** Why a packet is refused, and what answers it. */
const refusal = (text: string) => {
  const failed = read(text)
  if (Result.isSuccess(failed)) return undefined
  const { answer, reason } = failed.failure
  return answer === undefined ? reason : `${reason}: ${answer.action} ${answer.status} ${answer.text}`
}

/** A text that is an id, or nearly one. */
const Id = Schema.Union([Schema.String, Schema.String.check(Schema.isMinLength(60), Schema.isMaxLength(70))])

describe("TsockmRequest", () => {
  it("TsockmPacket.fields() tells the generations apart by the fourth field alone", () => {
    for (const { isFromClient, text, version } of captured) {
      const { generation } = TsockmPacket.fields(text)
      assert.strictEqual(generation, version === "head" || version === "0.4.5" ? 8 : 7, text)
      assert.isTrue(!isFromClient || Result.isSuccess(read(text)), text)
    }
    assert.strictEqual(TsockmPacket.fields("REQ::MSG::200::ID::client::s::a::b::c").generation, 7)
    assert.strictEqual(TsockmPacket.fields("REQ::MSG::200::CLIENT").generation, 8)
    assert.strictEqual(TsockmPacket.fields("REQ::MSG::200::client").generation, 7)
  })

  it("TsockmRequest.read() reads each request in both generations", () => {
    for (const origin of ["", "CLIENT::", "UNKNOWN::"]) {
      const packet = (head: string, sender: string, body: string) =>
        request(`${head}::200::${origin}${sender}::client::127.0.0.1:6969::${body}`)
      assert.deepStrictEqual(packet("REQ::COMM", "client", "alice"), { _tag: "Connect", name: "alice" })
      assert.deepStrictEqual(packet("REQ::MSG", "ID", "a::b"), { _tag: "Say", peer: "ID", text: "a::b" })
      assert.deepStrictEqual(packet("REQ::MSG", "ID", "::"), { _tag: "Say", peer: "ID", text: "::" })
      assert.deepStrictEqual(packet("REQ::MSG", "ID", ":a"), { _tag: "Say", peer: "ID", text: ":a" })
      assert.deepStrictEqual(packet("REQ::MSG", "ID|zoe#SIG", ""), { _tag: "Say", peer: "ID", text: "" })
      assert.deepStrictEqual(packet("REQ::GET_PEER", "ID", "X|b#S"), { _tag: "LookUp", peer: "ID", target: "X" })
      assert.deepStrictEqual(packet("REQ::COMM_END", "ID", ""), { _tag: "Leave", peer: "ID" })
      assert.deepStrictEqual(packet("RES::COMM", "ID", "OK"), { _tag: "Alive", peer: "ID" })
    }
  })

  it("TsockmRequest.read() takes what is missing at the end for empty", () => {
    assert.deepStrictEqual(request("REQ::COMM"), { _tag: "Connect", name: "" })
    assert.deepStrictEqual(request("REQ::MSG::200::ID"), { _tag: "Say", peer: "ID", text: "" })
    assert.deepStrictEqual(request("REQ::COMM_END::200::CLIENT::ID::client::s"), { _tag: "Leave", peer: "ID" })
  })

  it("TsockmRequest.read() says which error answers what is no request", () => {
    const expected: Readonly<Record<string, string>> = {
      "": "NotAPacket",
      garbage: "NotAPacket",
      "req::MSG::200::ID::c::s::x": "NotAPacket",
      "GET / HTTP/1.1": "NotAPacket",
      "::::::::::::": "NotAPacket",
      "ERR::MSG::200::ID::c::s::x": "NotARequest",
      "RES::MSG::200::ID::c::s::x": "NotARequest",
      "RES::COMM": "NoPeer",
      "NONE::MSG::200::x::a::b::c": "NotARequest: MSG 400 bad request",
      "NONE::FOO::200::x::a::b::c": "NotARequest: NONE 400 bad request",
      REQ: "UnknownAction: NONE 400 BAD_REQUEST",
      "REQ::": "UnknownAction: NONE 400 BAD_REQUEST",
      "REQ::FOO::200::x::a::b::c": "UnknownAction: NONE 400 BAD_REQUEST",
      "REQ::NONE::200::CLIENT::x::a::b::c": "UnknownAction: NONE 400 BAD_REQUEST",
      "REQ::toString::200::x::a::b::c": "UnknownAction: NONE 400 BAD_REQUEST",
      "REQ::MSG::201::x::a::b::c": "UnknownStatus: MSG 400 BAD_REQUEST",
      "REQ::MSG::::x::a::b::c": "UnknownStatus: MSG 400 BAD_REQUEST",
      "REQ::COMM::OK::client::a::b::c": "UnknownStatus: COMM 400 BAD_REQUEST",
      "REQ::NTFY_KILL::200::ID::a::b::c": "NotAllowed: NTFY_KILL 405 METHOD_NOT_ALLOWED",
      "REQ::MSG": "NoPeer: MSG 404 peer not found",
      "REQ::MSG::200::|x::a::b::c": "NoPeer: MSG 404 peer not found",
      "REQ::GET_PEER::200::ID::a::b::": "NoPeer: GET_PEER 404 peer not found"
    }
    for (const [text, reason] of Object.entries(expected)) assert.strictEqual(refusal(text), reason, text)
    assert.strictEqual(refusal(`REQ::MSG::200::${"I".repeat(65)}::a::b::c`), "NoPeer: MSG 404 peer not found")
  })

  it.prop(
    "TsockmRequest.read() gives what its Schema takes, and refuses for their ids only what it does not take",
    [Schema.Literals(["COMM", "COMM_END", "MSG", "GET_PEER"]), Id, Id],
    ([action, sender, body]) => {
      const fields = {
        generation: 7,
        type: "REQ",
        action,
        status: "200",
        sender,
        source: "",
        destination: "",
        body
      } as const
      const result = TsockmRequest.read(fields)
      const [peer, target] = [TsockmId.keyOf(sender), TsockmId.keyOf(body)]
      const asked = {
        COMM: { _tag: "Connect", name: body },
        COMM_END: { _tag: "Leave", peer },
        MSG: { _tag: "Say", peer, text: body },
        GET_PEER: { _tag: "LookUp", peer, target }
      }[action]
      const decoded = Schema.decodeUnknownResult(TsockmRequest.Request)(asked)
      assert.strictEqual(Result.isSuccess(result), Result.isSuccess(decoded))
      if (Result.isSuccess(result)) assert.deepStrictEqual<unknown>(result.success, asked)
    }
  )
})
