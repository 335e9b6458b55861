/**
 * The one entry to the chat, for protocols, embedders and tests.
 *
 * - A command is carried out when its effect is run, and completes at once where there is nothing to wait for. It is
 *   carried out in one piece: between its check and its change nothing else happens.
 * - What it says to a room is told at the end of the {@link Turn} of whoever runs it; without one, at once.
 * - Whoever causes an event is told it too, as its actor. Most protocols show an author nothing then, some confirm by it.
 * - What is said or announced is plain text before anything else is done with it: {@link plainText}.
 * - What the {@link Policy} is asked about may wait for it. Without a policy nothing does.
 * - A private room does not exist for those outside of it, except for one who tries to join it.
 */
import { Clock, Context, Effect, Exit, Layer, type Redacted, Result, type Stream } from "effect"
import type { Command, Reply } from "../domain/Command.ts"
import type { SharedEvent } from "../domain/Event.ts"
import type { Missed } from "../domain/Missed.ts"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import { plainText } from "../domain/PlainText.ts"
import { codeOf, Flooding, NotLoggedIn, type RefusedByPolicy, type Rejection } from "../domain/Rejection.ts"
import { Attachments } from "./Attachments.ts"
import * as Broadcaster from "./Broadcaster.ts"
import { unlessProvided } from "./DefaultLayer.ts"
import { Metrics } from "./Metrics.ts"
import { Directory } from "./Directory.ts"
import * as Dispatch from "./Dispatch.ts"
import { Downloads } from "./Downloads.ts"
import { History } from "./History.ts"
import { Limits } from "./Limits.ts"
import { Links } from "./Links.ts"
import * as Memberships from "./Memberships.ts"
import * as Messages from "./Messages.ts"
import * as Pieces from "./Pieces.ts"
import { type Connecting, Policy } from "./Policy.ts"
import * as PolicyChecks from "./PolicyChecks.ts"
import * as Queries from "./Queries.ts"
import { type Refused, Refusals } from "./Refusals.ts"
import { ResumableUploads } from "./ResumableUploads.ts"
import { Rooms } from "./Rooms.ts"
import type { Session } from "./Session.ts"
import { type Opening, Sessions } from "./Sessions.ts"
import { Shares } from "./Shares.ts"
import { SlidingQueue } from "./SlidingQueue.ts"
import * as StoreFibers from "./StoreFibers.ts"
import { TokenBucket } from "./TokenBucket.ts"
import { Turn } from "./Turn.ts"
import { UploadQuota } from "./UploadQuota.ts"
import { Uploads } from "./Uploads.ts"

/** Who logs in, and where events for it go. */
export interface Login extends Pick<Opening, "protocol" | "address" | "number" | "outlet"> {
  readonly name: string
  /** What is given as proof that it may have the name. */
  readonly credential?: Redacted.Redacted | undefined
  /** Why it may not come in after all, if so: asked in the step that lets it in, when all that takes time is over. */
  readonly refusal?: (() => Rejection | undefined) | undefined
}

/** The one entry to the chat: who logs in, what sessions ask for, and what everybody is told. */
export class Chat extends Context.Service<
  Chat,
  {
    /**
     * Asks the policy whether a peer may connect; undefined if it does not want to be asked. To be asked by whoever takes
     * the connection, before anything is said on it.
     */
    readonly admit?: ((peer: Connecting) => Effect.Effect<void, RefusedByPolicy>) | undefined
    /**
     * Gives a user a name and a place in `general`. The outlet is told `LoggedIn` before anything else. It can be
     * interrupted while the name is claimed, and then it comes to nothing; after that it is not. Acquire it, or make it
     * uninterruptible with what takes note of the session: else an interruption loses that.
     */
    readonly login: (login: Login) => Effect.Effect<Session, Rejection>
    /** Gives a public number to a login that may come later, or says why that would be refused now. It takes no name. */
    readonly reserve: (login: Pick<Login, "name" | "protocol" | "address">) => Effect.Effect<number, Rejection>
    /** Carries out a command of a session. */
    readonly run: (session: Session, command: Command) => Effect.Effect<Reply, Rejection>
    /** Frees the name and tells those who remain. Doing it again does nothing. */
    readonly logout: (session: Session) => Effect.Effect<void>
    /** Says something to everybody, as the server. */
    readonly announce: (text: string) => void
    /** Tells everybody that the server stops. From then on nobody is told who leaves. */
    readonly stopping: () => void
    /** Calls `watcher`, which must not throw, with each shared event as it happens, until what is returned is called. */
    readonly watch: (watcher: (event: SharedEvent) => void) => () => void
    /**
     * All shared events from now on, also those of private rooms and direct messages. An observer for which 1024 wait misses
     * the oldest, and is told how many; it slows nobody.
     */
    readonly events: Stream.Stream<SharedEvent | Missed>
  }
>()("parlance/services/Chat") {
  static readonly layerNoDeps = Layer.effect(
    Chat,
    Effect.gen(function* () {
      const limits = yield* Limits
      const sessions = yield* Sessions
      const rooms = yield* Rooms
      const history = yield* History
      const uploads = yield* Uploads
      const downloads = yield* Downloads
      const attachments = yield* Attachments
      const shares = yield* Shares
      const links = yield* Links
      const resumable = yield* ResumableUploads
      const refusals = yield* Refusals
      const { counts } = yield* Metrics
      const runOnce = yield* StoreFibers.make
      const clock = yield* Clock.Clock
      const checks = PolicyChecks.make(yield* Policy)
      const watchers = new Set<(event: SharedEvent) => void>()
      const buckets = new WeakMap<Session, { readonly messages: TokenBucket; readonly acts: TokenBucket }>()

      const broadcaster = Broadcaster.make(counts, (event) => {
        for (const watcher of watchers) watcher(event)
      })
      const watch = (watcher: (event: SharedEvent) => void): (() => void) => {
        watchers.add(watcher)
        return () => void watchers.delete(watcher)
      }

      const forget = (roomKey: string): void => {
        history.forget(roomKey)
        shares.forgetRoom(roomKey)
      }
      const memberships = Memberships.make({ broadcaster, history: { ...history, forget }, rooms, sessions })
      const queries = Queries.make({ attachments, history, memberships, sessions, shares })

      const nowMillis = () => clock.currentTimeMillisUnsafe()
      const messages = Messages.make({
        attachments,
        broadcaster,
        check: checks.message,
        counts,
        history,
        limits,
        links,
        memberships,
        nowMillis,
        runOnce,
        sessions,
        shares,
        uploads
      })
      const dispatch = Dispatch.make({
        broadcaster,
        checks,
        downloads,
        memberships,
        messages,
        queries,
        resumable,
        rooms,
        sessions,
        uploads
      })

      // The milliseconds until the session may do this; 0 if it may now.
      const wait = (session: Session, command: Exclude<Command, Pieces.Piece>): number => {
        switch (command._tag) {
          case "DropUpload":
          case "DropDownload":
            return 0
          case "Say":
          case "Tell":
            return buckets.get(session)!.messages.take(monotonicMillis(clock))
          default:
            return buckets.get(session)!.acts.take(monotonicMillis(clock))
        }
      }

      let isStopping = false

      const refuse = (rejection: Rejection, refused: Refused): Effect.Effect<never, Rejection> => {
        counts.rejections++
        refusals.add(refused, codeOf(rejection))
        return Effect.fail(rejection)
      }

      const { connect: admitting } = checks
      const refusePeer = (refusal: RefusedByPolicy, peer: Connecting): Effect.Effect<never, RefusedByPolicy> =>
        Effect.andThen(Effect.ignore(refuse(refusal, { ...peer, name: "" })), Effect.fail(refusal))

      const movePiece = Pieces.make({ uploads, downloads, refuse })

      const carryOut = (session: Session, command: Command, turn: Turn): Effect.Effect<Reply, Rejection> => {
        if (!sessions.isOpen(session)) return refuse(new NotLoggedIn(), session)
        if (Pieces.isPiece(command)) return movePiece(session, command)
        const retryAfterMillis = wait(session, command)
        if (retryAfterMillis > 0) {
          if ("upload" in command && command.upload !== undefined) uploads.drop(session, command.upload.key)
          return refuse(new Flooding({ retryAfterMillis }), session)
        }
        if (command._tag !== "Say") broadcaster.flush()
        const replied = dispatch(session, command, turn)
        // What is there already need not be looked at again.
        if (Exit.isExit(replied) && replied._tag === "Success") return replied
        return Effect.catch(replied, (rejection) => refuse(rejection, session))
      }

      // The claim may take time, and so may the policy. What follows is one piece, so nobody ever sees half a login.
      const login = (wanted: Login): Effect.Effect<Session, Rejection> =>
        Effect.withFiber((fiber) => {
          const turn = fiber.getRef(Turn)
          const claiming =
            checks.login === undefined
              ? sessions.claim(wanted.name)
              : Effect.andThen(
                  PolicyChecks.checkName(checks.login, wanted),
                  Effect.suspend(() => sessions.claim(wanted.name))
                )
          const claimed = Effect.flatMap(claiming, (claim): Effect.Effect<Session, Rejection> => {
            const refusal = wanted.refusal?.()
            if (refusal !== undefined) {
              sessions.giveBack(claim)
              return Effect.fail(refusal)
            }
            const opened = sessions.open(claim, { ...wanted, atMillis: nowMillis(), room: rooms.general })
            if (Result.isFailure(opened)) return Effect.fail(opened.failure)
            const session = opened.success
            const { floodBurst, floodRate } = limits
            buckets.set(session, {
              messages: new TokenBucket(floodRate, floodBurst),
              acts: new TokenBucket(floodRate * 4, floodBurst * 4)
            })
            counts.logins++
            counts.sessions++
            memberships.begin(session, turn)
            return Effect.succeed(session)
          })
          return Effect.catch(claimed, (rejection) => refuse(rejection, wanted))
        }).pipe(Effect.uninterruptible)

      const logout = (session: Session, turn: Turn): void => {
        if (memberships.end(session, isStopping, turn)) counts.sessions--
        uploads.dropAll(session)
        downloads.dropAll(session)
        shares.forgetSession(session)
      }

      return Chat.of({
        admit: admitting && ((peer) => Effect.catch(admitting(peer), (refusal) => refusePeer(refusal, peer))),
        login,
        reserve: (wanted) => Effect.catch(sessions.reserve(wanted.name), (rejection) => refuse(rejection, wanted)),
        run: (session, command) => Effect.withFiber((fiber) => carryOut(session, command, fiber.getRef(Turn))),
        logout: (session) => Effect.withFiberSucceed((fiber) => logout(session, fiber.getRef(Turn))),
        announce: (text) => broadcaster.tell(sessions.all(), { _tag: "Announced", text: plainText(text) }, undefined),
        stopping: () => {
          isStopping = true
          checks.stop()
          broadcaster.tell(sessions.all(), { _tag: "ServerStopping" }, undefined)
        },
        watch,
        events: SlidingQueue.stream(1024, watch)
      })
    })
  )

  /** The chat without the storage behind it, nor the directory of names. */
  static readonly layerNoDirectory = this.layerNoDeps.pipe(
    Layer.provideMerge(Layer.mergeAll(Uploads.layer, Downloads.layer, ResumableUploads.layer)),
    Layer.provideMerge(UploadQuota.layer),
    Layer.provideMerge(Layer.mergeAll(Sessions.layerNoDeps, Rooms.layer, Metrics.layer, Refusals.layer, Links.layer))
  )

  /** The chat without the storage behind it; names are those of this process, unless a directory is provided. */
  static readonly layerNoStorage = this.layerNoDirectory.pipe(
    Layer.provideMerge(unlessProvided(Directory, Directory.layer))
  )

  /** The chat with all it needs, in memory but for what is provided in front of it. */
  static readonly layer = this.layerNoStorage.pipe(
    Layer.provideMerge(unlessProvided(History, History.layerMemory)),
    Layer.provideMerge(unlessProvided(Attachments, Attachments.layerMemory))
  )
}
