/** Why a request is refused: each is JSON with a `_tag`, and has a status of its own. */
import { Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"
import * as Rejection from "../domain/Rejection.ts"

/** A part of the request is not what it should be: `part` is its place, `reason` says what was expected. */
export class RequestInvalid extends Schema.TaggedError<RequestInvalid>()(
  "RequestInvalid",
  { part: Schema.String, reason: Schema.String },
  { httpApiStatus: 400 }
) {}

/** No token was sent, or one that is not good for this. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {}, { httpApiStatus: 401 }) {}

/** A page of another origin has sent this with the operator's cookie. */
export class OriginForeign extends Schema.TaggedError<OriginForeign>()("OriginForeign", {}, { httpApiStatus: 403 }) {}

/** There is no such room, or it is private. */
export class NoSuchRoom extends Schema.TaggedError<NoSuchRoom>()("NoSuchRoom", {}, { httpApiStatus: 404 }) {}

/** Nobody has this id or name. */
export class NoSuchPeer extends Schema.TaggedError<NoSuchPeer>()(
  "NoSuchPeer",
  { peer: Schema.String },
  { httpApiStatus: 404 }
) {}

/** There is no bot of this name. */
export class NoSuchBot extends Schema.TaggedError<NoSuchBot>()(
  "NoSuchBot",
  { name: Schema.String },
  { httpApiStatus: 404 }
) {}

/** There is a bot of this name, or of one that looks like it. */
export class BotExists extends Schema.TaggedError<BotExists>()("BotExists", {}, { httpApiStatus: 409 }) {}

/** There are as many bots as there may be. */
export class TooManyBots extends Schema.TaggedError<TooManyBots>()(
  "TooManyBots",
  { limit: Schema.Int },
  { httpApiStatus: 409 }
) {}

/** What should be banned is no IP address. */
export class NotAnAddress extends Schema.TaggedError<NotAnAddress>()(
  "NotAnAddress",
  { address: Schema.String },
  { httpApiStatus: 400 }
) {}

/** This address is not banned. */
export class NoSuchBan extends Schema.TaggedError<NoSuchBan>()(
  "NoSuchBan",
  { address: Schema.String },
  { httpApiStatus: 404 }
) {}

/** The program in which the server runs has no console. */
export class NoConsole extends Schema.TaggedError<NoConsole>()("NoConsole", {}, { httpApiStatus: 503 }) {}

/** Requests of this address come faster than they may. */
export class TooManyRequests extends Schema.TaggedError<TooManyRequests>()(
  "TooManyRequests",
  { retryAfterMillis: Schema.Int },
  { httpApiStatus: 429 }
) {}

const status = HttpApiSchema.status

/** The operator has banned the address. */
export const AddressBanned = Rejection.AddressBanned.pipe(status(403))

/** There is no such file, or not any more. */
export const NoSuchFile = Rejection.NoSuchFile.pipe(status(404))

/** What is needed cannot be read or stored now. */
export const StorageFailed = Rejection.StorageFailed.pipe(status(503))

/** The policy of the server refuses it: `code` is the policy's own and stable, `reason` a sentence. */
export const RefusedByPolicy = Rejection.RefusedByPolicy.pipe(status(403))

/**
 * Why a bot cannot log in: its name is somebody else's now, or one that nobody may have any more; its address is banned, the
 * policy refuses it, or the server is full.
 */
export const loginRefusals = [
  Rejection.NameTaken.pipe(status(409)),
  Rejection.NameInvalid.pipe(status(409)),
  Rejection.NameReserved.pipe(status(409)),
  AddressBanned,
  RefusedByPolicy,
  Rejection.ServerFull.pipe(status(503))
] as const

/** Why a message is not said. */
export const messageRefusals = [
  Rejection.TextEmpty.pipe(status(400)),
  Rejection.TextTooLong.pipe(status(413)),
  Rejection.Flooding.pipe(status(429)),
  NoSuchFile,
  StorageFailed
] as const

/** Why a file cannot be sent. */
export const uploadRefusals = [
  Rejection.FileTooLarge.pipe(status(413)),
  Rejection.TooManyUploads.pipe(status(429)),
  Rejection.UploadsTooLarge.pipe(status(429)),
  Rejection.Flooding.pipe(status(429)),
  StorageFailed
] as const
