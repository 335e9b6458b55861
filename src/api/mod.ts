/**
 * The HTTP API of a Parlance server, and a typed client of it.
 *
 * @module
 */
export { BotAccess, CurrentBot, OperatorAccess, operatorCookie, RequestCheck, RequestLimit } from "./Access.ts"
export * as ApiError from "./ApiError.ts"
export {
  BotExists,
  NoConsole,
  NoSuchBan,
  NoSuchBot,
  NoSuchPeer,
  NoSuchRoom,
  NotAnAddress,
  OriginForeign,
  RequestInvalid,
  TooManyBots,
  TooManyRequests,
  Unauthorized
} from "./ApiError.ts"
export * as Client from "./Client.ts"
export { ParlanceApi } from "./ParlanceApi.ts"
export { RoomEvent } from "./RoomEvent.ts"
export { FileDetail, NewUpload, OpenUpload } from "./FilesApi.ts"
export { Bot, NewBot } from "./BotsApi.ts"
export { Ban, CommandAnswer, OperatorRoom, Peer, Refusal, Stats } from "./OperatorApi.ts"
export { MessagePage, NewMessage, PublicRoom, PublicUser, RoomDetail } from "./RoomsApi.ts"
export * from "../domain/Vocabulary.ts"
