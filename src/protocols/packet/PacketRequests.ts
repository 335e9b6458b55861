/** What the requests of a session ask of the chat, and how its replies are answered. */
import { Result } from "effect"
import type { Command, Reply } from "../../domain/Command.ts"
import { NoSuchUser, type Rejection } from "../../domain/Rejection.ts"
import type { Link } from "../Link.ts"
import type { Step as ProtocolStep } from "../Step.ts"
import * as Utf8 from "../Utf8.ts"
import * as PacketCodec from "./PacketCodec.ts"
import { PacketError } from "./PacketError.ts"
import * as Events from "./PacketEvents.ts"
import * as Member from "./PacketMember.ts"
import { fileNumber, wireNumber } from "./PacketNumber.ts"
import { error, refusal } from "./PacketRefusal.ts"
import { requestTypes, type Request } from "./PacketRequest.ts"
import type { Response } from "./PacketResponse.ts"
import type * as Transfers from "./PacketTransfers.ts"

type PacketLink = Link<Uint8Array>
type Steps = ReadonlyArray<ProtocolStep<Uint8Array, Member.Member>>

/** A request that names its session. */
export type SessionRequest = Exclude<
  Request,
  { _tag: "SessionRequest" | "IncomingMessageResponse" | "DownloadChunkRequest" | "UploadChunkRequest" }
>

/** What requests need of the exchange. */
export interface Dependencies {
  readonly transfers: ReturnType<typeof Transfers.make>
  /** The steps that send a packet as an answer. */
  readonly answerFrame: (member: Member.Member, link: PacketLink, frame: Uint8Array) => Steps
}

const nothing: Steps = []
/** How many numbers a list over a stream has at most: its count is a u16. */
const streamNumbersLimit = 65_535

const toNumber = (user: bigint): number | undefined => {
  const number = Number(user)
  return Number.isSafeInteger(number) ? number : undefined
}

/** The most recent numbers that fit into one packet. */
const fitting = (link: PacketLink, numbers: ReadonlyArray<bigint>): ReadonlyArray<bigint> =>
  numbers.slice(-(link.isReliable ? streamNumbersLimit : PacketCodec.datagramNumbersLimit))

/** Makes the requests of all sessions. */
export const make = ({ answerFrame, transfers }: Dependencies) => {
  const answer = (member: Member.Member, link: PacketLink, response: Response): Steps =>
    answerFrame(member, link, PacketCodec.write(response))

  const run = (
    member: Member.Member,
    link: PacketLink,
    type: number,
    command: Command,
    respond: (reply: Reply) => Response | undefined
  ): Steps => [
    {
      _tag: "Run",
      key: member,
      command,
      replied: (reply) => {
        const response = respond(reply)
        return response === undefined ? nothing : answer(member, link, response)
      },
      refused: (rejection) => answer(member, link, refusal(type, rejection))
    }
  ]

  type Message = Request & { readonly _tag: "MessageRequest" | "BroadcastRequest" }

  /** The command of a message, or why it is none. */
  const commandOf = (request: Message): Result.Result<Command, Response> => {
    const type = requestTypes[request._tag]
    const text = Utf8.decode(request.blob)
    if (text === undefined) return Result.fail(error(type, PacketError.malformed, "Message is not UTF-8."))
    if (request._tag === "BroadcastRequest") return Result.succeed({ _tag: "Say", text })
    const to = toNumber(request.user)
    if (to === undefined) return Result.fail(refusal(type, new NoSuchUser()))
    return Result.succeed({ _tag: "Tell", to, text })
  }

  /** Has something said; over datagrams once for each number, however often it comes. */
  const say = (member: Member.Member, link: PacketLink, request: Message): Steps => {
    const { message } = request
    const type = requestTypes[request._tag]
    // Over a stream nothing comes twice.
    const id = link.isReliable ? undefined : `${type} ${message}`
    if (id !== undefined && member.answers?.has(id) === true) {
      const frame = member.answers.get(id)
      return frame === undefined ? nothing : answerFrame(member, link, frame)
    }
    if (id !== undefined) Member.remember(member, id, undefined)
    const settle = (response: Response): Steps => {
      const frame = PacketCodec.write(response)
      if (id !== undefined) Member.remember(member, id, frame)
      return answerFrame(member, link, frame)
    }
    const command = commandOf(request)
    if (Result.isFailure(command)) return settle(command.failure)
    const done = request._tag === "MessageRequest" ? "MessageResponse" : "BroadcastResponse"
    return [
      {
        _tag: "Run",
        key: member,
        command: command.success,
        whenStored: true,
        replied: () => settle({ _tag: done, message }),
        refused: (rejection: Rejection) => settle(refusal(type, rejection))
      }
    ]
  }

  const findUser = (member: Member.Member, link: PacketLink, user: bigint): Steps => {
    if (user === BigInt(Events.serverNumber)) {
      return answer(member, link, { _tag: "UserDataResponse", user, name: Events.serverName })
    }
    const number = toNumber(user)
    if (number === undefined) return answer(member, link, refusal(7, new NoSuchUser()))
    return run(member, link, 7, { _tag: "FindUser", number }, (reply) =>
      reply._tag === "Users" ? { _tag: "UserDataResponse", user, name: reply.users[0]!.name } : undefined
    )
  }

  const findFile = (member: Member.Member, link: PacketLink, wire: bigint): Steps => {
    // A number that no file can have is one that the chat does not know either.
    const file = fileNumber(wire) ?? -1
    return run(member, link, 21, { _tag: "FindFile", file }, (reply) => {
      if (reply._tag !== "Files") return undefined
      const { name, sizeBytes } = reply.files[0]!
      return { _tag: "FileDataResponse", file: wire, sizeBytes, name }
    })
  }

  const listUsers = (member: Member.Member, link: PacketLink): Steps =>
    run(member, link, 5, { _tag: "ListUsers", everywhere: true }, (reply) => {
      if (reply._tag !== "Users") return undefined
      const users = reply.users.map(({ number }) => BigInt(number))
      return { _tag: "UsersResponse", users: fitting(link, users) }
    })

  const listFiles = (member: Member.Member, link: PacketLink): Steps =>
    run(member, link, 19, { _tag: "ListFiles" }, (reply) => {
      if (reply._tag !== "Files") return undefined
      const files = reply.files.map(({ number }) => wireNumber(number))
      return { _tag: "FilesResponse", files: fitting(link, files) }
    })

  /** What a request of a session means. */
  return (member: Member.Member, link: PacketLink, request: SessionRequest): Steps => {
    switch (request._tag) {
      case "SessionPreserve":
        return answer(member, link, { _tag: "SessionCookie", user: member.user, session: member.secret })
      case "UsersRequest":
        return listUsers(member, link)
      case "UserDataRequest":
        return findUser(member, link, request.user)
      case "MessageRequest":
      case "BroadcastRequest":
        return say(member, link, request)
      case "DownloadRequest":
        return transfers.beginDownload(member, link, request)
      case "UploadRequest":
        return transfers.beginUpload(member, link, request)
      case "FilesRequest":
        return listFiles(member, link)
      case "FileDataRequest":
        return findFile(member, link, request.file)
    }
  }
}
