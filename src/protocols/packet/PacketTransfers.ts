/**
 * Files on their way, in chunks.
 *
 * - Chunks come in any order, any number of times, without waiting; each is answered. The last one that was missing is
 *   answered when the file is stored, and a repetition of any after that too.
 * - A transfer is known by its number alone, which is secret: odd for an upload, even for a download.
 */
import type { Command, Reply } from "../../domain/Command.ts"
import { NoSuchFile, type Rejection, UploadBroken } from "../../domain/Rejection.ts"
import type { Link } from "../Link.ts"
import type { Step as ProtocolStep } from "../Step.ts"
import type { Download, Member, Transfer, Upload } from "./PacketMember.ts"
import * as Number from "./PacketNumber.ts"
import { refusal } from "./PacketRefusal.ts"
import type { Request } from "./PacketRequest.ts"
import type { Response } from "./PacketResponse.ts"

type Steps = ReadonlyArray<ProtocolStep<Uint8Array, Member>>
type RequestOf<Tag extends Request["_tag"]> = Request & { readonly _tag: Tag }

/** What transfers need of the exchange. */
export interface Dependencies {
  readonly random: () => bigint
  readonly nowMillis: () => number
  /** How long the chat keeps a transfer of which nothing comes. */
  readonly transferTimeoutMillis: number
  /** The steps that answer a packet. */
  readonly answer: (member: Member, link: Link<Uint8Array>, response: Response) => Steps
}

const requestType = { begin: 15, chunk: 17 } as const
const downloadLimit = 8
/** How many uploads of a session are known after they were stored, for chunks that come again. */
const storedLimit = 8
const nothing: Steps = []

/** Makes the transfers of all sessions. */
export const make = ({ answer, nowMillis, random, transferTimeoutMillis }: Dependencies) => {
  const byTransaction = new Map<bigint, Transfer>()
  let lastKey = 0

  const add = <T extends Transfer>(transfer: T): T => {
    byTransaction.set(transfer.transaction, transfer)
    ;(transfer.member.transfers ??= new Map()).set(transfer.transaction, transfer)
    return transfer
  }

  const forget = ({ member, transaction }: Transfer): void => {
    byTransaction.delete(transaction)
    member.transfers?.delete(transaction)
  }

  const run = (
    { member }: Transfer,
    command: Command,
    replied: (reply: Reply) => Steps,
    refused: (rejection: Rejection) => Steps
  ): ProtocolStep<Uint8Array, Member> => ({ _tag: "Run", key: member, command, whenStored: true, replied, refused })

  /** Refuses a packet of a transfer, which is no more. */
  const end = (transfer: Transfer, link: Link<Uint8Array>, type: 15 | 17, rejection: Rejection): Steps => {
    forget(transfer)
    return answer(transfer.member, link, refusal(type, rejection))
  }

  const begun = (transfer: Transfer, link: Link<Uint8Array>, file: number): Steps =>
    answer(transfer.member, link, {
      _tag: "TransferResponse",
      file: Number.wireNumber(file),
      transaction: transfer.transaction
    })

  /** Forgets the uploads that were stored first; the last ones may be asked for again. */
  const forgetOldest = (member: Member): void => {
    const stored = [...(member.transfers?.values() ?? [])].filter((it) => it._tag === "Upload" && it.state === "done")
    for (const transfer of stored.slice(0, -storedLimit)) forget(transfer)
  }

  const store = (upload: Upload, replied: () => Steps, refused: (rejection: Rejection) => Steps): Steps => {
    upload.state = "storing"
    const file = { key: upload.key, name: upload.name }
    const done = (): Steps => {
      upload.state = "done"
      upload.seen = new Uint8Array(0)
      forgetOldest(upload.member)
      return replied()
    }
    return [run(upload, { _tag: "Say", text: "", upload: file, isLiteral: true }, done, refused)]
  }

  const uploadBegun = (upload: Upload, link: Link<Uint8Array>, reply: Reply): Steps => {
    if (reply._tag !== "UploadBegun") return nothing
    upload.file = reply.file
    upload.state = "open"
    const respond = () => begun(upload, link, reply.file)
    if (upload.missing > 0) return respond()
    return store(upload, respond, (rejection) => end(upload, link, requestType.begin, rejection))
  }

  /** The same upload, of which nothing has come: what was asked for again because the answer was lost. */
  const twin = (
    member: Member,
    link: Link<Uint8Array>,
    { name, sizeBytes }: RequestOf<"UploadRequest">
  ): Upload | undefined => {
    for (const it of member.transfers?.values() ?? []) {
      if (it._tag !== "Upload" || it.issuedTo !== link.id) continue
      const isSame = it.name === name && it.sizeBytes === sizeBytes
      if (!isSame || it.missing < Number.chunkCount(sizeBytes)) continue
      if (nowMillis() - it.touchedAtMillis < transferTimeoutMillis) return it
      forget(it)
    }
    return undefined
  }

  const beginUpload = (member: Member, link: Link<Uint8Array>, request: RequestOf<"UploadRequest">): Steps => {
    const again = link.isReliable ? undefined : twin(member, link, request)
    if (again !== undefined) {
      return again.file === undefined || again.state === "storing" ? nothing : begun(again, link, again.file)
    }
    const { name, sizeBytes } = request
    const upload = add<Upload>({
      _tag: "Upload",
      member,
      transaction: Number.uploadTransaction(random()),
      key: ++lastKey,
      issuedTo: link.id,
      name,
      sizeBytes,
      // There is no room for what may be refused.
      seen: new Uint8Array(0),
      missing: Number.chunkCount(sizeBytes),
      file: undefined,
      touchedAtMillis: nowMillis(),
      state: "beginning"
    })
    const replied = (reply: Reply): Steps => {
      upload.seen = new Uint8Array(Math.ceil(upload.missing / 8))
      return uploadBegun(upload, link, reply)
    }
    const refused = (rejection: Rejection) => end(upload, link, requestType.begin, rejection)
    return [run(upload, { _tag: "BeginUpload", key: upload.key, sizeBytes, name }, replied, refused)]
  }

  const takeChunk = (upload: Upload, link: Link<Uint8Array>, request: RequestOf<"UploadChunkRequest">): Steps => {
    const { blob, chunk, transaction } = request
    const { member, seen, sizeBytes } = upload
    upload.touchedAtMillis = member.touchedAtMillis
    const refuse = (rejection: Rejection) => end(upload, link, requestType.chunk, rejection)
    const respond = () => answer(member, link, { _tag: "UploadChunkResponse", transaction, chunk })
    if (Number.chunkLength(sizeBytes, chunk) !== blob.length) {
      return answer(member, link, refusal(requestType.chunk, new UploadBroken()))
    }
    if (upload.state === "done") return respond()
    const bit = 1 << (chunk & 7)
    if ((seen[chunk >> 3]! & bit) !== 0) return upload.state === "storing" ? nothing : respond()
    seen[chunk >> 3]! |= bit
    upload.missing--
    const isLast = upload.missing === 0
    const written = (): Steps => (isLast ? store(upload, respond, refuse) : respond())
    const atByte = chunk * Number.chunkBytes
    return [run(upload, { _tag: "WriteUpload", key: upload.key, atByte, bytes: blob }, written, refuse)]
  }

  /** Answers as before, for the answer may be lost; the chat may have forgotten the download, so it begins it anew. */
  const beginAgain = (download: Download, link: Link<Uint8Array>): Steps => {
    if (download.sizeBytes === undefined) return nothing
    const key = ++lastKey
    const replied = (): Steps => {
      const before = download.key
      download.key = key
      const drop = run(
        download,
        { _tag: "DropDownload", key: before },
        () => nothing,
        () => nothing
      )
      return [...begun(download, link, download.file), drop]
    }
    const refused = (rejection: Rejection) => answer(download.member, link, refusal(requestType.begin, rejection))
    return [run(download, { _tag: "BeginDownload", key, file: download.file }, replied, refused)]
  }

  const beginDownload = (member: Member, link: Link<Uint8Array>, request: RequestOf<"DownloadRequest">): Steps => {
    const file = Number.fileNumber(request.file)
    if (file === undefined) return answer(member, link, refusal(requestType.begin, new NoSuchFile()))
    const downloads = [...(member.transfers?.values() ?? [])].filter((it) => it._tag === "Download")
    const same = downloads.find((it) => it.file === file && (link.isReliable || it.issuedTo === link.id))
    if (same !== undefined) return beginAgain(same, link)
    const steps: Array<ProtocolStep<Uint8Array, Member>> = []
    const oldest = downloads.length >= downloadLimit ? downloads[0] : undefined
    if (oldest !== undefined) {
      forget(oldest)
      steps.push(
        run(
          oldest,
          { _tag: "DropDownload", key: oldest.key },
          () => nothing,
          () => nothing
        )
      )
    }
    const transaction = Number.downloadTransaction(random())
    const download = add<Download>({
      _tag: "Download",
      member,
      transaction,
      key: ++lastKey,
      issuedTo: link.id,
      file,
      sizeBytes: undefined
    })
    const replied = (reply: Reply): Steps => {
      if (reply._tag !== "DownloadBegun") return nothing
      download.sizeBytes = reply.file.sizeBytes
      return begun(download, link, file)
    }
    const refused = (rejection: Rejection) => end(download, link, requestType.begin, rejection)
    return [...steps, run(download, { _tag: "BeginDownload", key: download.key, file }, replied, refused)]
  }

  const giveChunk = (
    download: Download,
    link: Link<Uint8Array>,
    { chunk }: RequestOf<"DownloadChunkRequest">
  ): Steps => {
    const { key, member, transaction } = download
    const sizeBytes = Number.chunkLength(download.sizeBytes ?? 0, chunk)
    if (sizeBytes === undefined) return answer(member, link, refusal(requestType.chunk, new UploadBroken()))
    const read = (reply: Reply): Steps =>
      reply._tag === "FileRead"
        ? answer(member, link, { _tag: "DownloadChunkResponse", transaction, chunk, blob: reply.bytes })
        : nothing
    const refused = (rejection: Rejection) => end(download, link, requestType.chunk, rejection)
    const atByte = chunk * Number.chunkBytes
    return [run(download, { _tag: "ReadDownload", key, atByte, sizeBytes }, read, refused)]
  }

  return {
    beginUpload,
    beginDownload,
    /** The transfer of a number, if there is one. */
    find: (transaction: bigint): Transfer | undefined => byTransaction.get(transaction),
    /** Takes a chunk of an upload, or gives one of a download. */
    follow: (
      transfer: Transfer,
      link: Link<Uint8Array>,
      request: RequestOf<"UploadChunkRequest" | "DownloadChunkRequest">
    ): Steps => {
      if (transfer._tag === "Upload") {
        return request._tag === "UploadChunkRequest" ? takeChunk(transfer, link, request) : nothing
      }
      return request._tag === "DownloadChunkRequest" ? giveChunk(transfer, link, request) : nothing
    },
    /** Forgets what a session has under way. */
    forgetAll: (member: Member): void => {
      for (const transfer of member.transfers?.values() ?? []) byTransaction.delete(transfer.transaction)
      member.transfers = undefined
    },
    count: () => byTransaction.size
  }
}
