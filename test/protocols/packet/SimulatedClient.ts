/**
 * A client of the packet protocol over datagrams that does what the text asks of it.
 *
 * - What has an answer is sent again until that comes. What is to be said is said one after another, for the network
 *   reorders; chunks go out several at a time.
 * - What comes in is confirmed as often as it comes and shown once, but for what the server says.
 * - One that is quiet asks for nothing but its session: it hears, and keeps that.
 */
import { Result } from "effect"
import * as PacketCodec from "../../../src/protocols/packet/PacketCodec.ts"
import * as PacketNumber from "../../../src/protocols/packet/PacketNumber.ts"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import type { Response } from "../../../src/protocols/packet/PacketResponse.ts"
import { utf8 } from "./Wire.ts"

type ResponseOf<Tag extends Response["_tag"]> = Extract<Response, { readonly _tag: Tag }>

/** What a client is made of. */
export interface Options {
  readonly name: string
  readonly nowMillis: () => number
  readonly send: (bytes: Uint8Array) => void
  /** How many chunks of a file are on their way at a time. */
  readonly window: number
  readonly isQuiet?: boolean
}

interface Question {
  readonly bytes: Uint8Array
  /** Takes the answer; false if it is none. */
  readonly take: (response: Response) => boolean
  attempts: number
  dueMillis: number
}

/** A message that was shown. */
export interface Shown {
  readonly user: bigint
  readonly text: string
}

const preserveMillis = 10_000
const firstPauseMillis = 400
const lastPauseMillis = 2000
const decoder = new TextDecoder()

/** Makes a client that has sent nothing yet. */
export const make = ({ isQuiet = false, name, nowMillis, send, window }: Options) => {
  const queries = new Set<Question>()
  const shown: Array<Shown> = []
  const remarks: Array<string> = []
  const errors: Array<ResponseOf<"Error">> = []
  const confirmed = new Set<string>()
  const sayings: Array<{ readonly user: bigint | undefined; readonly text: string }> = []
  /** The numbers of users by name. */
  const users = new Map<string, bigint>()
  const downloaded = new Map<bigint, { readonly name: string; readonly content: Uint8Array }>()
  let cookie: ResponseOf<"SessionCookie"> | undefined
  let preservedAtMillis = 0
  let lastMessage = 0n
  let isSaying = false

  /** Asks until an answer is taken. */
  const ask = <Tag extends Response["_tag"]>(
    request: Request,
    tag: Tag,
    isAnswer: (response: ResponseOf<Tag>) => boolean,
    answered: (response: ResponseOf<Tag>) => void
  ): void => {
    const question: Question = {
      bytes: PacketCodec.writeRequest(request),
      take: (response) => {
        if (response._tag !== tag || !isAnswer(response as ResponseOf<Tag>)) return false
        queries.delete(question)
        answered(response as ResponseOf<Tag>)
        return true
      },
      attempts: 0,
      dueMillis: 0
    }
    queries.add(question)
    transmit(question)
  }
  const transmit = (question: Question): void => {
    send(question.bytes)
    question.dueMillis = nowMillis() + Math.min(firstPauseMillis * 2 ** question.attempts++, lastPauseMillis)
  }
  const always = () => true
  const session = (): bigint => cookie!.session

  const show = ({ blob, message, user }: ResponseOf<"IncomingMessage">): void => {
    send(PacketCodec.writeRequest({ _tag: "IncomingMessageResponse", message }))
    const id = `${user} ${message}`
    if (confirmed.has(id)) return
    confirmed.add(id)
    const text = decoder.decode(blob)
    if (user === 0n) remarks.push(text)
    else shown.push({ user, text })
  }

  const sayNext = (): void => {
    const saying = isSaying ? undefined : sayings.shift()
    if (saying === undefined) return
    isSaying = true
    const message = ++lastMessage
    const { text, user } = saying
    const said = (): void => {
      isSaying = false
      sayNext()
    }
    const isOwn = (response: { readonly message: bigint }) => response.message === message
    const content = { session: session(), message, blob: utf8(text) }
    if (user === undefined) ask({ _tag: "BroadcastRequest", ...content }, "BroadcastResponse", isOwn, said)
    else ask({ _tag: "MessageRequest", user, ...content }, "MessageResponse", isOwn, said)
  }

  /** Does something for every chunk, some at a time. */
  const forEachChunk = (count: number, done: () => void, begin: (chunk: number, ended: () => void) => void): void => {
    let next = 0
    let left = count
    const beginNext = (): void => {
      if (next < count) begin(next++, ended)
    }
    const ended = (): void => {
      if (--left === 0) done()
      else beginNext()
    }
    if (count === 0) done()
    for (let index = 0; index < Math.min(window, count); index++) beginNext()
  }

  const upload = (fileName: string, content: Uint8Array, done: (file: bigint) => void): void => {
    const request = { _tag: "UploadRequest", session: session(), sizeBytes: content.length, name: fileName } as const
    const isUpload = ({ transaction }: ResponseOf<"TransferResponse">) => PacketNumber.isUpload(transaction)
    ask(request, "TransferResponse", isUpload, ({ file, transaction }) => {
      const count = PacketNumber.chunkCount(content.length)
      forEachChunk(
        count,
        () => done(file),
        (chunk, ended) => {
          const atByte = chunk * PacketNumber.chunkBytes
          const blob = content.subarray(atByte, atByte + PacketNumber.chunkBytes)
          const isOwn = (it: ResponseOf<"UploadChunkResponse">) => it.transaction === transaction && it.chunk === chunk
          ask({ _tag: "UploadChunkRequest", transaction, chunk, blob }, "UploadChunkResponse", isOwn, ended)
        }
      )
    })
  }

  const fetch = (file: bigint, { name: fileName, sizeBytes }: ResponseOf<"FileDataResponse">): void => {
    const isOwn = (it: ResponseOf<"TransferResponse">) => it.file === file && !PacketNumber.isUpload(it.transaction)
    ask({ _tag: "DownloadRequest", session: session(), file }, "TransferResponse", isOwn, ({ transaction }) => {
      const content = new Uint8Array(sizeBytes)
      forEachChunk(
        PacketNumber.chunkCount(sizeBytes),
        () => downloaded.set(file, { name: fileName, content }),
        (chunk, ended) => {
          const isOwn = (it: ResponseOf<"DownloadChunkResponse">) =>
            it.transaction === transaction && it.chunk === chunk
          ask({ _tag: "DownloadChunkRequest", transaction, chunk }, "DownloadChunkResponse", isOwn, ({ blob }) => {
            content.set(blob, chunk * PacketNumber.chunkBytes)
            ended()
          })
        }
      )
    })
  }

  const findUsers = (): void => {
    ask({ _tag: "UsersRequest", session: session() }, "UsersResponse", always, ({ users: numbers }) => {
      const known = new Set(users.values())
      for (const user of numbers.filter((number) => !known.has(number))) {
        const isOwn = (it: ResponseOf<"UserDataResponse">) => it.user === user
        ask({ _tag: "UserDataRequest", session: session(), user }, "UserDataResponse", isOwn, (it) => {
          users.set(it.name, user)
        })
      }
    })
  }

  return {
    name,
    shown,
    /** What the server has said. */
    remarks,
    errors,
    users,
    downloaded,
    user: () => cookie?.user,
    logIn: () =>
      ask({ _tag: "SessionRequest", name }, "SessionCookie", always, (response) => {
        cookie = response
        preservedAtMillis = nowMillis()
        if (!isQuiet) findUsers()
      }),
    findUsers,
    /** Says something, to everybody if no user is named. */
    say: (text: string, user?: bigint): void => {
      sayings.push({ user, text })
      sayNext()
    },
    upload,
    /** Looks a file up in the list, asks for its size and fetches it. */
    download: (file: bigint): void => {
      const isListed = (it: ResponseOf<"FilesResponse">) => it.files.includes(file)
      const isOwn = (it: ResponseOf<"FileDataResponse">) => it.file === file
      downloaded.delete(file)
      ask({ _tag: "FilesRequest", session: session() }, "FilesResponse", isListed, () =>
        ask({ _tag: "FileDataRequest", session: session(), file }, "FileDataResponse", isOwn, (data) =>
          fetch(file, data)
        )
      )
    },
    /** Whether everything was said and answered. */
    isDone: () => queries.size === 0 && sayings.length === 0,
    receive: (bytes: Uint8Array): void => {
      const response = Result.getOrThrow(PacketCodec.readResponse(bytes))
      if (response._tag === "IncomingMessage") return show(response)
      if (response._tag === "Error") return void errors.push(response)
      for (const question of queries) if (question.take(response)) return
    },
    /** Sends what is due. */
    tick: (): void => {
      for (const question of queries) if (question.dueMillis <= nowMillis()) transmit(question)
      if (cookie === undefined || nowMillis() - preservedAtMillis < preserveMillis) return
      preservedAtMillis = nowMillis()
      ask({ _tag: "SessionPreserve", session: session() }, "SessionCookie", always, () => {})
    }
  }
}

/** A client of the packet protocol. */
export type SimulatedClient = ReturnType<typeof make>
