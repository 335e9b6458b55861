/** Refusals of the chat as error packets. */
import { explain, type Rejection } from "../../domain/Rejection.ts"
import { PacketError } from "./PacketError.ts"
import type { Response } from "./PacketResponse.ts"

const codeOf = (rejection: Rejection): PacketError => {
  switch (rejection._tag) {
    case "NameTaken":
      return PacketError.nameTaken
    case "NameInvalid":
    case "NameReserved":
      return PacketError.nameInvalid
    case "NotLoggedIn":
      return PacketError.unknownSession
    case "ServerFull":
      return PacketError.serverFull
    case "NoSuchUser":
      return PacketError.noSuchUser
    case "TextTooLong":
    case "FileTooLarge":
      return PacketError.tooLong
    case "Flooding":
      return PacketError.tooFast
    case "NoSuchFile":
      return PacketError.noSuchFile
    case "TooManyUploads":
    case "UploadsTooLarge":
    case "TooManyDownloads":
    case "UploadBroken":
      return PacketError.transferRefused
    case "StorageFailed":
      return PacketError.storageFailed
    case "RefusedByPolicy":
      return PacketError.refusedByPolicy
    default:
      return PacketError.refused
  }
}

/** The error that answers a packet of this type. */
export const error = (requestType: number, code: PacketError, text: string): Response => ({
  _tag: "Error",
  requestType,
  code,
  text
})

/**
 * The error that says why a packet of this type was refused.
 *
 * @see PROTOCOL.md § 9
 */
export const refusal = (requestType: number, rejection: Rejection): Response =>
  error(requestType, codeOf(rejection), explain(rejection))
