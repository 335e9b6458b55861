import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as PillowFrames from "../../../src/protocols/toss/PillowFrames.ts"
import * as PillowResponse from "../../../src/protocols/toss/PillowResponse.ts"
import { file, type SlipFile } from "../../../src/protocols/toss/SlipValue.ts"
import { bytes, captured, glue } from "./Wire.ts"

const paired = (response: PillowResponse.Response, variant: PillowFrames.Variant = "slip") =>
  Result.getOrThrow(PillowFrames.pair(response, variant))

/** A response and its announcement as one text. */
const text = (response: PillowResponse.Response, variant: PillowFrames.Variant = "slip") => {
  const { announcement, head, tail } = paired(response, variant)
  return Buffer.from(glue(announcement, head, tail)).toString()
}

const at = (time: string) => new Date(`2026-11-21T08:${time}Z`)
const noted = file("a;b>c.txt", bytes("line 1\nline 2\n"))
const greeting = "Hi Bob; a|b > Привет"
const nothing = { action: "send-message", errors: { data: ["Either a message or an attachment must be present"] } }

const said: Readonly<Record<string, ReadonlyArray<PillowResponse.Response>>> = {
  conn1: [
    PillowResponse.acknowledgement,
    PillowResponse.welcome(at("13:55.427")),
    PillowResponse.logIn("bob", at("13:56.427")),
    PillowResponse.acknowledgement,
    PillowResponse.message("alice", greeting, at("13:57.230")),
    PillowResponse.message("bob", "see file", at("13:58.020"), noted),
    PillowResponse.acknowledgement,
    PillowResponse.message("alice", "", at("13:58.800"), noted),
    PillowResponse.acknowledgement,
    PillowResponse.refusal(nothing),
    PillowResponse.logOut("bob", at("13:59.939")),
    PillowResponse.logIn("carol", at("14:00.525")),
    PillowResponse.closeServer
  ],
  conn2: [
    PillowResponse.acknowledgement,
    PillowResponse.nameTaken("alice"),
    PillowResponse.acknowledgement,
    PillowResponse.welcome(at("13:56.427")),
    PillowResponse.message("alice", greeting, at("13:57.230")),
    PillowResponse.acknowledgement,
    PillowResponse.message("bob", "see file", at("13:58.020"), noted),
    PillowResponse.message("alice", "", at("13:58.800"), noted)
  ],
  conn3: [PillowResponse.acknowledgement, PillowResponse.welcome(at("14:00.525")), PillowResponse.closeServer]
}

describe("PillowFrames", () => {
  for (const [connection, responses] of Object.entries(said)) {
    it(`PillowFrames.pair() writes what the original server has sent to ${connection}`, () => {
      const sent = captured.filter((read) => !read.isFromClient && read.connection === connection)
      const written = responses.map((response) =>
        response === PillowResponse.acknowledgement ? PillowFrames.acknowledge("slip") : bytes(text(response))
      )
      assert.deepStrictEqual(
        Buffer.from(glue(...written)).toString("latin1"),
        Buffer.from(glue(...sent.map(({ bytes }) => bytes))).toString("latin1")
      )
    })
  }

  it("PillowFrames.together() writes the same as pair(), whatever its size", () => {
    for (let units = 0; units < 1000; units += 7) {
      const response = PillowResponse.message("al|ice", "ж".repeat(units), at("13:55.427"))
      const { announcement, head } = paired(response)
      const { announcementBytes, bytes } = PillowFrames.together(response)
      assert.strictEqual(Buffer.compare(bytes, glue(announcement, head)), 0)
      assert.strictEqual(announcementBytes, announcement.length)
    }
  })

  it("PillowFrames.pair() writes failures without an action", () => {
    const slip = (status: 201 | 202) => text(PillowResponse.failure(status, "Unexpected end of input")).slice(54)
    assert.strictEqual(slip(201), "status|n3|201;data|s52|errors|s40|_err|a30|0|l23|Unexpected end of input;;;;")
    assert.include(slip(202), "|Server error;")
  })

  it("PillowFrames.pair() announces what goes around a content from elsewhere", () => {
    const attachment: SlipFile = { _tag: "File", name: "a.bin", sizeBytes: 100 }
    const response = (sent: SlipFile) => PillowResponse.message("a", "b", at("13:55.427"), sent)
    for (const variant of ["slip", "json"] as const) {
      const content = new Uint8Array(100).fill(7)
      const streamed = paired(response(attachment), variant)
      const middle = variant === "slip" ? content : Buffer.from(content).toString("base64")
      const inline = paired(response(file("a.bin", content)), variant)
      assert.strictEqual(streamed.contentBytes, 100)
      assert.strictEqual(inline.contentBytes, 0)
      assert.deepStrictEqual(streamed.announcement, inline.announcement)
      assert.deepStrictEqual(glue(streamed.head, middle, streamed.tail), glue(inline.head, inline.tail))
    }
  })

  it("PillowFrames.pair() writes JSON of the same shapes", () => {
    assert.strictEqual(
      text(PillowResponse.message('al"', "hi", at("13:55.427"), file("n", bytes("hello"))), "json"),
      `{"action":"chunks","data":{"chunks":158},"status":100}{"action":"send-message","status":100,"data":{"message":"hi","username":"al\\"","attachment":{"file":"aGVsbG8=","name":"n"},"time":"2026-11-21T08:13:55.427Z"}}`
    )
    assert.include(
      text(PillowResponse.nameTaken("a"), "json"),
      `{"errors":{"username":["User with username a already exists"]}},"action":"log-in"}`
    )
    assert.strictEqual(Buffer.from(PillowFrames.acknowledge("json")).toString(), `{"action":"chunks","status":101}`)
  })

  it("PillowFrames.pair() refuses a file without a name", () => {
    const written = PillowFrames.pair(PillowResponse.message("a", "b", at("13:55.427"), file("", bytes("x"))), "json")
    assert.strictEqual(Result.isFailure(written) && written.failure.reason, "empty-file-name")
  })
})
