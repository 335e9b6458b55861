import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { UserName } from "../domain/Names.ts"
import { NameInvalid, NameReserved } from "../domain/Rejection.ts"
import { OperatorAccess } from "./Access.ts"
import { BotExists, NoSuchBot, StorageFailed, TooManyBots } from "./ApiError.ts"

/** A bot: it is online while it is logged in. */
export const Bot = Schema.Struct({ name: UserName, isOnline: Schema.Boolean })

/** A bot that was just made; nobody can ask for its token again. */
export const NewBot = Schema.Struct({ name: UserName, token: Schema.String })

/** Bots: who may post. */
export class BotsApi extends HttpApiGroup.make("bots")
  .add(
    HttpApiEndpoint.get("list", "/bots", { success: Schema.Array(Bot) }).annotate(OpenApi.Summary, "All bots"),
    HttpApiEndpoint.post("make", "/bots", {
      payload: Schema.Struct({ name: Schema.String }),
      success: NewBot.pipe(HttpApiSchema.status(201)),
      error: [
        NameInvalid.pipe(HttpApiSchema.status(400)),
        NameReserved.pipe(HttpApiSchema.status(400)),
        BotExists,
        TooManyBots,
        StorageFailed
      ]
    }).annotate(OpenApi.Summary, "Makes a bot; its token is shown this once"),
    HttpApiEndpoint.delete("revoke", "/bots/:name", {
      params: { name: Schema.String },
      success: HttpApiSchema.NoContent,
      error: [NoSuchBot, StorageFailed]
    }).annotate(OpenApi.Summary, "Revokes a bot's token and logs it out")
  )
  .middleware(OperatorAccess)
  .annotate(OpenApi.Description, "Programs that may post, for the operator") {}
