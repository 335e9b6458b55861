/**
 * What the embedding program refuses: peers, names, rooms, messages and files; and commands of its own.
 *
 * - A hook is an Effect and may take time, for which nobody else waits: {@link hookTimeoutMillis} at most. Afterwards the chat
 *   checks everything again. What is interrupted meanwhile, by the end of its connection, comes to nothing.
 * - A hook is asked about what the chat itself would allow; what that refuses is not asked about.
 * - A hook that dies, or takes too long, is logged, and refuses with the code `policy-failed`.
 * - Without a hook nothing is asked, and nothing costs time.
 */
import { Context, Effect, Layer, type Redacted } from "effect"
import type { ProtocolName } from "../domain/Message.ts"
import type { RoomName, UserName } from "../domain/Names.ts"
import { RefusedByPolicy } from "../domain/Rejection.ts"
import type { UserSummary } from "../domain/Room.ts"

/** How long a hook may take, by the monotonic clock. */
export const hookTimeoutMillis = 10_000

/** A user as hooks see it. */
export interface PolicyUser extends UserSummary {
  /** The IP address; empty for a user that the program plays itself. */
  readonly address: string
}

/**
 * A peer connects: by TCP, by Socket.IO, by a first datagram, or over HTTP to listen or to post as a bot, whose protocol is
 * `embedded`.
 */
export interface Connecting {
  readonly protocol: ProtocolName
  readonly address: string
}

/** Somebody wants a name, which is well-formed; whether it is free is seen when the policy has allowed it. */
export interface LoggingIn {
  readonly name: UserName
  readonly protocol: ProtocolName
  /** The IP address; empty for a user that the program plays itself. */
  readonly address: string
  /** What it gives as proof that it may have the name, at most 256 UTF-16 units. `packet` and `tsockm` carry none. */
  readonly credential: Redacted.Redacted | undefined
  /** Who wants it, if that is somebody who is in and takes another name. */
  readonly user: PolicyUser | undefined
}

/** Somebody wants to enter a room in which it is not yet. Everybody is in `general` with the login. */
export interface Joining {
  readonly user: PolicyUser
  readonly room: RoomName
}

/** Somebody says something, to a room or to one user. */
export interface Saying {
  readonly user: PolicyUser
  /** In plain text; may be empty if there is a file. */
  readonly text: string
  /** The room to which it is said, if it is. */
  readonly room?: RoomName
  /** The user to whom alone it is said, if it is. */
  readonly to?: UserName
  /** Whether a file goes with it. */
  readonly hasFile: boolean
}

/** Somebody wants to send a file. */
export interface Uploading {
  readonly user: PolicyUser
  /** As it came. Unknown in `toss`, whose clients name a file when it is there. */
  readonly name: string | undefined
  readonly sizeBytes: number
}

/** Somebody gives a command of the policy's own. */
export interface Commanding {
  readonly user: PolicyUser
  /** The room in which it speaks. */
  readonly room: RoomName
  /** What stands behind the command, without the blanks around it. */
  readonly argument: string
}

/** A slash command of the policy's own. */
export interface PolicyCommand<R = never> {
  /**
   * Without the slash: a small letter, then at most 31 small letters, digits and `-`. If it is a word of the chat's own, or
   * there are two of the same name, that is a defect when the chat is built.
   */
  readonly name: string
  /** What it does, for `/help`. */
  readonly help: string
  /** Gives the answer to whoever asks, of a line or several; an empty one says nothing. */
  readonly handler: (given: Commanding) => Effect.Effect<string, RefusedByPolicy, R>
}

/** What a policy wants to be asked; what it does not mention is allowed. */
export interface Hooks<R = never> {
  readonly connect?: ((given: Connecting) => Effect.Effect<void, RefusedByPolicy, R>) | undefined
  readonly login?: ((given: LoggingIn) => Effect.Effect<void, RefusedByPolicy, R>) | undefined
  readonly join?: ((given: Joining) => Effect.Effect<void, RefusedByPolicy, R>) | undefined
  /** May give another text, which is said instead. */
  readonly message?: ((given: Saying) => Effect.Effect<string | void, RefusedByPolicy, R>) | undefined
  readonly upload?: ((given: Uploading) => Effect.Effect<void, RefusedByPolicy, R>) | undefined
  readonly commands?: ReadonlyArray<PolicyCommand<R>> | undefined
}

/** What the hooks of several policies need; one without hooks needs nothing. */
type Requirements<P> = P extends Hooks<infer R> ? (unknown extends R ? never : R) : never

type Hook<A, B, R> = (given: A) => Effect.Effect<B, RefusedByPolicy, R>

const present = <T>(values: ReadonlyArray<T | undefined>): ReadonlyArray<T> =>
  values.filter((value) => value !== undefined)

const inOrder = <A, R>(hooks: ReadonlyArray<Hook<A, void, R> | undefined>): Hook<A, void, R> | undefined => {
  const all = present(hooks)
  if (all.length < 2) return all[0]
  return (given) => Effect.forEach(all, (hook) => hook(given), { discard: true })
}

const rewritten = <R>(
  hooks: ReadonlyArray<Hook<Saying, string | void, R> | undefined>
): Hook<Saying, string | void, R> | undefined => {
  const all = present(hooks)
  if (all.length < 2) return all[0]
  return Effect.fnUntraced(function* (given: Saying) {
    let { text } = given
    for (const hook of all) text = (yield* hook({ ...given, text })) ?? text
    return text
  })
}

const bind = <R>(hooks: Hooks<R>, context: Context.Context<R>): Hooks => {
  const bound = <A, B>(hook: Hook<A, B, R> | undefined): Hook<A, B, never> | undefined =>
    hook && ((given) => Effect.provideContext(hook(given), context))
  return {
    connect: bound(hooks.connect),
    login: bound(hooks.login),
    join: bound(hooks.join),
    message: bound(hooks.message),
    upload: bound(hooks.upload),
    commands: hooks.commands?.map(({ handler, help, name }) => ({ name, help, handler: bound(handler)! }))
  }
}

/**
 * The policy of a chat, which allows everything unless one is provided, in front of the layer of the chat or of the server:
 * `Server.layer().pipe(Layer.provide(Policy.layer({ … })))`.
 */
export class Policy extends Context.Reference<Hooks>("parlance/services/Policy", { defaultValue: () => ({}) }) {
  /** A policy of these hooks, whose own needs are met when the layer is built. */
  static readonly layer = <R = never>(hooks: Hooks<R>): Layer.Layer<never, never, R> =>
    Layer.effect(
      Policy,
      Effect.map(Effect.context<R>(), (context) => bind(hooks, context))
    )

  /** Several policies in order: the first refusal counts, and the next is asked about a text that one has put instead. */
  static readonly all = <const P extends ReadonlyArray<Hooks<never> | Hooks<unknown>>>(
    ...policies: P
  ): Hooks<Requirements<P[number]>> => {
    const all = policies as ReadonlyArray<Hooks<Requirements<P[number]>>>
    return {
      connect: inOrder(all.map(({ connect }) => connect)),
      login: inOrder(all.map(({ login }) => login)),
      join: inOrder(all.map(({ join }) => join)),
      message: rewritten(all.map(({ message }) => message)),
      upload: inOrder(all.map(({ upload }) => upload)),
      commands: all.flatMap(({ commands = [] }) => commands)
    }
  }

  /**
   * Refuses what a hook was asked about. The `code` is for programs and stays the same: words in small letters and digits with a
   * `-` between two, at most 64 characters; another one is a defect. The `reason` is a sentence for people, of at most 256
   * characters in one line; what is more is cut off.
   */
  static readonly refuse = (refusal: {
    readonly code: string
    readonly reason: string
  }): Effect.Effect<never, RefusedByPolicy> => Effect.suspend(() => Effect.fail(new RefusedByPolicy(refusal)))
}
