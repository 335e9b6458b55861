/**
 * What is said: checked, numbered, remembered, handed to whom it is for.
 *
 * - Everything is checked before the file that goes with a message is kept. If a message is refused its file is dropped.
 * - A message without a file is said in one piece, without suspension.
 */
import { type Deferred, Effect, Result } from "effect"
import type { Command, Reply } from "../domain/Command.ts"
import type { SharedEvent } from "../domain/Event.ts"
import { type Attachment, inPlainText, type Message } from "../domain/Message.ts"
import {
  NoSuchFile,
  NoSuchUser,
  NotLoggedIn,
  type Rejection,
  type StorageFailed,
  TextEmpty,
  TextTooLong
} from "../domain/Rejection.ts"
import type { Attachments, StoredFile } from "./Attachments.ts"
import type { Broadcaster } from "./Broadcaster.ts"
import type { Counts } from "./Metrics.ts"
import type { Appended, History } from "./History.ts"
import type { Limits } from "./Limits.ts"
import type { Links } from "./Links.ts"
import type { Memberships } from "./Memberships.ts"
import * as Deduplication from "./Deduplication.ts"
import { type PolicyChecks, userOf } from "./PolicyChecks.ts"
import type { Room } from "./Room.ts"
import type { Session } from "./Session.ts"
import * as SessionOrder from "./SessionOrder.ts"
import type { Sessions } from "./Sessions.ts"
import type { Shares } from "./Shares.ts"
import type { RunOnce } from "./StoreFibers.ts"
import type { Turn } from "./Turn.ts"
import type { Uploads } from "./Uploads.ts"

/** What messages are made of. */
export interface Dependencies {
  readonly attachments: Attachments["Service"]
  readonly broadcaster: Broadcaster
  /** What the policy makes of a text that is about to be said. */
  readonly check: PolicyChecks["message"]
  readonly counts: Counts
  readonly history: History["Service"]
  readonly limits: Limits
  readonly links: Links["Service"]
  readonly memberships: Memberships
  readonly nowMillis: () => number
  readonly runOnce: RunOnce
  readonly sessions: Sessions["Service"]
  readonly shares: Shares["Service"]
  readonly uploads: Uploads["Service"]
}

/** The commands that say something. */
export type Saying = Command & { readonly _tag: "Say" | "Tell" }

/** Whether a file goes with what is said. */
export const hasFile = ({ attachment, file, upload }: Saying): boolean =>
  attachment !== undefined || file !== undefined || upload !== undefined

/** Whom a message is for. */
type Destination = { readonly room: Room } | { readonly addressee: Session }

const utf8 = new TextEncoder()

/** Makes the part of the chat that says things. */
export const make = (dependencies: Dependencies) => {
  const {
    attachments,
    broadcaster,
    check: checkText,
    counts,
    history,
    limits,
    links,
    memberships,
    nowMillis
  } = dependencies
  const { runOnce, sessions, shares, uploads } = dependencies
  const deduplication = Deduplication.make()
  let lastNumber = history.lastNumber

  const isTooLong = (text: string): boolean => {
    const limit = limits.textLimitBytes
    return text.length > limit || (text.length * 3 > limit && utf8.encode(text).length > limit)
  }

  /**
   * What is to be said, in plain text. A text that is too long whatever is made of it is left as it is, for it is refused:
   * no more than half of it may go.
   */
  const plain = (command: Saying): Saying =>
    command.text.length > 2 * limits.textLimitBytes ? command : inPlainText(command)

  const check = (session: Session, command: Saying): Result.Result<Destination, Rejection> => {
    const { text } = command
    if (text === "" && !hasFile(command)) return Result.fail(new TextEmpty())
    if (isTooLong(text)) return Result.fail(new TextTooLong({ limitBytes: limits.textLimitBytes }))
    if (command._tag === "Say") {
      return Result.map(memberships.roomOf(session, command.room), (room) => ({ room }))
    }
    const addressee = typeof command.to === "number" ? sessions.findByNumber(command.to) : sessions.find(command.to)
    return addressee === undefined ? Result.fail(new NoSuchUser()) : Result.succeed({ addressee })
  }

  // What an embedder's history does not catch is its own fault, and none of whoever speaks.
  const append: History["Service"]["append"] = (roomKey, message, sharesFile) => {
    try {
      return history.append(roomKey, message, sharesFile)
    } catch (defect) {
      return Effect.die(defect)
    }
  }

  const waiting = (
    appended: Appended | Effect.Effect<void, StorageFailed>
  ): Deferred.Deferred<void, StorageFailed> | undefined =>
    Effect.isEffect(appended) ? runOnce(appended) : appended.stored

  const deliver = (
    session: Session,
    text: string,
    destination: Destination,
    attachment: Attachment | undefined,
    isKept: boolean,
    turn: Turn
  ): Deduplication.Accepted => {
    const message: Message = {
      number: ++lastNumber,
      from: session.name,
      userId: session.userId,
      protocol: session.protocol,
      text,
      atMillis: nowMillis(),
      ...("room" in destination
        ? { room: destination.room.name }
        : { to: destination.addressee.name, toId: destination.addressee.userId }),
      ...(attachment === undefined ? undefined : { attachment })
    }
    counts.messages++
    const file = attachment?.file
    // To name the number of a file gives nobody a right to it.
    const sharesFile = file !== undefined && (isKept || shares.isVisible(session, file))
    const roomKey = "room" in destination ? destination.room.key : undefined
    const stored = waiting(append(roomKey, message, sharesFile))
    if (sharesFile) {
      if ("room" in destination) shares.shareInRoom(destination.room.key, file)
      else shares.shareWith([session, destination.addressee], file)
    }
    const event: SharedEvent = { _tag: "Said", message, user: session.number }
    if ("room" in destination) broadcaster.tellRoom(destination.room.members, event, session, turn)
    else broadcaster.tell([destination.addressee], event, session)
    return stored === undefined ? { _tag: "Accepted", message } : { _tag: "Accepted", message, stored }
  }

  const linkTo = (file: StoredFile): Attachment => ({
    name: file.name,
    sizeBytes: file.sizeBytes,
    url: links.fileUrl(file),
    file: file.number
  })

  const repetition = (session: Session, { id }: Saying): Deduplication.Accepted | undefined =>
    id === undefined ? undefined : deduplication.find(session.name, id)

  const sayAtOnce = (
    session: Session,
    command: Saying,
    turn: Turn,
    isKept = false
  ): Result.Result<Reply, Rejection> => {
    const repeated = repetition(session, command)
    if (repeated !== undefined) return Result.succeed(repeated)
    const text = command.text.toWellFormed()
    const destination = check(session, { ...command, text })
    if (Result.isFailure(destination)) return Result.fail(destination.failure)
    const accepted = deliver(session, text, destination.success, command.attachment, isKept, turn)
    if (command.id !== undefined) deduplication.remember(session.name, command.id, accepted)
    return Result.succeed(accepted)
  }

  // What is interrupted while the file is kept is not said: nobody knows of the file then.
  const sayWithFile = Effect.fnUntraced(function* (
    session: Session,
    { file: id, upload, ...command }: Saying,
    turn: Turn
  ): Effect.fn.Return<Reply, Rejection> {
    const file = yield* upload === undefined ? attachments.findById(id!) : uploads.keep(session, upload)
    if (file === undefined) return yield* new NoSuchFile()
    if (!sessions.isOpen(session)) return yield* new NotLoggedIn()
    // Checked again, for who is where may have changed meanwhile.
    return yield* Effect.fromResult(sayAtOnce(session, { ...command, attachment: linkTo(file) }, turn, true))
  })

  const sayAllowed = (session: Session, command: Saying, turn: Turn): Effect.Effect<Reply, Rejection> => {
    if (command.upload === undefined && command.file === undefined) {
      return Effect.fromResult(sayAtOnce(session, command, turn))
    }
    const repeated = repetition(session, command)
    if (repeated !== undefined) return Effect.succeed(repeated)
    const checked = check(session, command)
    if (Result.isSuccess(checked)) return sayWithFile(session, command, turn)
    if (command.upload !== undefined) uploads.drop(session, command.upload.key)
    return Effect.fail(checked.failure)
  }

  // The room or the user is the one that the policy has been asked about, whatever the session does meanwhile.
  const sayChecked = Effect.fnUntraced(function* (
    ask: NonNullable<typeof checkText>,
    session: Session,
    given: Saying,
    turn: Turn
  ): Effect.fn.Return<Reply, Rejection> {
    if (!sessions.isOpen(session)) return yield* new NotLoggedIn()
    const repeated = repetition(session, given)
    if (repeated !== undefined) return repeated
    const command = { ...given, text: given.text.toWellFormed() }
    const destination = yield* Effect.fromResult(check(session, command))
    const about = { user: userOf(session), text: command.text, hasFile: hasFile(command) }
    if ("room" in destination) {
      const room = destination.room.name
      const text = yield* ask({ ...about, room })
      if (!sessions.isOpen(session)) return yield* new NotLoggedIn()
      return yield* sayAllowed(session, { ...command, _tag: "Say", text, room }, turn)
    }
    const { name, number } = destination.addressee
    const text = yield* ask({ ...about, to: name })
    if (!sessions.isOpen(session)) return yield* new NotLoggedIn()
    return yield* sayAllowed(session, { ...command, _tag: "Tell", text, to: number }, turn)
  })

  const inOrder = SessionOrder.make()

  const dropFile = (session: Session, { upload }: Saying): Effect.Effect<void> =>
    Effect.sync(() => {
      if (upload !== undefined) uploads.drop(session, upload.key)
    })

  /**
   * Says something to a room or to one user. To be called by the effect that does it: what needs no file, and no policy is
   * asked about, is said. A session's messages that wait for the policy are said in the order in which they came.
   */
  const say: typeof sayAllowed =
    checkText === undefined
      ? sayAllowed
      : (session, command, turn) =>
          Effect.onError(inOrder(session, sayChecked(checkText, session, command, turn)), () =>
            dropFile(session, command)
          )

  return { plain, say }
}

/** The part of the chat that says things. */
export type Messages = ReturnType<typeof make>
