import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Message, ProtocolName } from "../domain/Message.ts"
import { RoomName, UserName } from "../domain/Names.ts"
import { UserSummary } from "../domain/Room.ts"
import { BotAccess } from "./Access.ts"
import { loginRefusals, messageRefusals, NoSuchRoom, StorageFailed } from "./ApiError.ts"
import { RoomEvent } from "./RoomEvent.ts"

/** A public room. */
export const PublicRoom = Schema.Struct({ name: RoomName, memberCount: Schema.Int })

/** A public room, and who is in it. */
export const RoomDetail = Schema.Struct({ ...PublicRoom.fields, members: Schema.Array(UserSummary) })

/** Somebody who is in a public room; `rooms` are the public ones. */
export const PublicUser = Schema.Struct({ name: UserName, protocol: ProtocolName, rooms: Schema.Array(RoomName) })

/** The number of a message, in a query. */
const Cursor = Schema.optionalKey(Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0)))

/** How many messages, in a query. */
const PageLimit = Schema.optionalKey(
  Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 100 }))
)

/** A part of a room's history, oldest first, and the cursors of its neighbours: no cursor, no neighbour. */
export const MessagePage = Schema.Struct({
  messages: Schema.Array(Message),
  before: Schema.optionalKey(Schema.Int),
  after: Schema.optionalKey(Schema.Int)
})

/** What a bot says; `file` is the id of a file that goes with it, and the text may be empty then. */
export const NewMessage = Schema.Struct({ text: Schema.String, file: Schema.optionalKey(Schema.String) })

const params = { room: Schema.String }

/** Public rooms: a private one is never there. */
export class RoomsApi extends HttpApiGroup.make("rooms")
  .add(
    HttpApiEndpoint.get("list", "/rooms", { success: Schema.Array(PublicRoom) }).annotate(
      OpenApi.Summary,
      "All public rooms, default rooms first"
    ),
    HttpApiEndpoint.get("find", "/rooms/:room", { params, success: RoomDetail, error: NoSuchRoom }).annotate(
      OpenApi.Summary,
      "A public room and who is in it"
    ),
    HttpApiEndpoint.get("messages", "/rooms/:room/messages", {
      params,
      query: { before: Cursor, after: Cursor, limit: PageLimit },
      success: MessagePage,
      error: [NoSuchRoom, StorageFailed]
    })
      .annotate(OpenApi.Summary, "What was said in a public room")
      .annotate(
        OpenApi.Description,
        "The last `limit` messages (50, at most 100), those before number `before`, or the first ones after number `after`; oldest first."
      ),
    HttpApiEndpoint.post("post", "/rooms/:room/messages", {
      params,
      payload: NewMessage,
      success: Message.pipe(HttpApiSchema.status(201)),
      error: [NoSuchRoom, ...loginRefusals, ...messageRefusals]
    })
      .middleware(BotAccess)
      .annotate(OpenApi.Summary, "Says something in a public room, as a bot")
      .annotate(
        OpenApi.Description,
        "The bot enters the chat under its name with its first message, and leaves it a minute after its last one."
      ),
    HttpApiEndpoint.get("events", "/rooms/:room/events", {
      params,
      headers: { "last-event-id": Schema.optionalKey(Schema.String) },
      success: HttpApiSchema.StreamSse({ events: RoomEvent }),
      error: [NoSuchRoom, StorageFailed, ...loginRefusals]
    })
      .annotate(OpenApi.Summary, "What happens in a public room, as server-sent events")
      .annotate(
        OpenApi.Description,
        "`message` (its id is the number of the message), `joined`, `left`, `renamed`, `announced` and, at the end, `closed`. With `Last-Event-ID` it begins with what was said since. A comment comes every 15 seconds."
      ),
    HttpApiEndpoint.get("users", "/users", { success: Schema.Array(PublicUser) }).annotate(
      OpenApi.Summary,
      "Everybody who is in a public room"
    )
  )
  .annotate(OpenApi.Description, "Public rooms; private ones are as if they were not there") {}
