/** How the chat asks its {@link Policy}: whatever a hook does, there is an answer in time. */
import { Cause, Deferred, Effect, Exit, Option, Result } from "effect"
import { withinMillis } from "../domain/MonotonicTime.ts"
import { userName } from "../domain/Names.ts"
import { plainText } from "../domain/PlainText.ts"
import { type NameInvalid, type NameReserved, RefusedByPolicy } from "../domain/Rejection.ts"
import { type Commanding, type Hooks, hookTimeoutMillis, type LoggingIn, type PolicyUser } from "./Policy.ts"
import { type Session, summary } from "./Session.ts"

/** The longest reason that is told, in characters. */
const limitReasonCharacters = 256

type Hook<A, B> = (given: A) => Effect.Effect<B, RefusedByPolicy>
type Check<A, B = void> = Hook<A, B> | undefined
type Given<Name extends Exclude<keyof Hooks, "commands">> = Parameters<NonNullable<Hooks[Name]>>[0]

/** Who wants a name, and what it is called: it may be malformed. */
interface Wanted extends Pick<LoggingIn, "protocol" | "address"> {
  readonly name: string
  readonly credential?: LoggingIn["credential"]
}

/**
 * Asks whether somebody may have a name, if it is one. It can be interrupted, as the claim of the name can that comes next.
 */
export const checkName = (
  check: Hook<LoggingIn, void>,
  { address, credential, name: wanted, protocol }: Wanted,
  user?: PolicyUser
): Effect.Effect<void, RefusedByPolicy | NameInvalid | NameReserved> =>
  Effect.suspend((): Effect.Effect<void, RefusedByPolicy | NameInvalid | NameReserved> => {
    const name = userName(wanted)
    if (Result.isFailure(name)) return Effect.fail(name.failure)
    return Effect.interruptible(check({ name: name.success, protocol, address, credential, user }))
  })

/** What to ask before something is done; undefined where nobody wants to be asked. */
export interface PolicyChecks {
  readonly connect: Check<Given<"connect">>
  readonly login: Check<Given<"login">>
  readonly join: Check<Given<"join">>
  /** Gives the text that is to be said, in plain text. */
  readonly message: Check<Given<"message">, string>
  readonly upload: Check<Given<"upload">>
  /** The answers to commands of the policy's own, by their names. */
  readonly commands: ReadonlyMap<string, { readonly help: string; readonly answer: Hook<Commanding, string> }>
  /** Waits for no hook any more: what is being asked, and will be, is refused. */
  readonly stop: () => void
}

/** A user as hooks see it. */
export const userOf = (session: Session): PolicyUser => ({ ...summary(session), address: session.address })

const failed = (): RefusedByPolicy =>
  new RefusedByPolicy({ code: "policy-failed", reason: "The server cannot check this now." })

const inOneLine = (reason: string): string => {
  const characters = Array.from(plainText(reason.toWellFormed()).trim().replace(/\s+/g, " "))
  if (characters.length === 0) return "This is refused."
  return characters.length > limitReasonCharacters
    ? `${characters.slice(0, limitReasonCharacters - 1).join("")}…`
    : characters.join("")
}

const broken = (name: string, why: string | Cause.Cause<unknown>): Effect.Effect<never, RefusedByPolicy> =>
  Effect.andThen(Effect.logError(`The policy's hook ${name} failed`, why), Effect.fail(failed()))

/** Makes the checks of a policy. */
export const make = (hooks: Hooks): PolicyChecks => {
  const stopped = Deferred.makeUnsafe<void>()
  const stopping = Effect.as(Deferred.await(stopped), Exit.fail(failed()))

  const settled = <B>(name: string, exit: Exit.Exit<B, RefusedByPolicy>): Effect.Effect<B, RefusedByPolicy> => {
    if (Exit.isSuccess(exit)) return Effect.succeed(exit.value)
    const refusal = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
    // Who writes hooks without types may fail with anything.
    if (refusal?._tag !== "RefusedByPolicy") return broken(name, exit.cause)
    return Effect.fail(new RefusedByPolicy({ code: refusal.code, reason: inOneLine(refusal.reason) }))
  }

  const ask =
    <A, B>(name: string, hook: Hook<A, B>): Hook<A, B> =>
    (given) =>
      Effect.flatMap(Effect.exit(Effect.sync(() => hook(given))), (called) => {
        if (Exit.isFailure(called)) return broken(name, called.cause)
        const asked = called.value
        // What is there already needs no fibers.
        if (Exit.isExit(asked)) return settled(name, asked as Exit.Exit<B, RefusedByPolicy>)
        const inTime = withinMillis(Effect.raceFirst(Effect.exit(asked), stopping), hookTimeoutMillis)
        return Effect.flatMap(inTime, (exit) =>
          Option.isSome(exit) ? settled(name, exit.value) : broken(name, "It has taken too long")
        )
      })

  const check = <A, B>(name: string, hook: Hook<A, B> | undefined): Check<A, B> => hook && ask(name, hook)

  const { message } = hooks
  const asked = message && ask("message", message)
  const commands = new Map<string, { readonly help: string; readonly answer: Hook<Commanding, string> }>()
  for (const { handler, help, name } of hooks.commands ?? []) {
    if (commands.has(name)) throw new Error(`Cannot have command /${name}: the policy has two of them`)
    commands.set(name, { help, answer: ask(`/${name}`, handler) })
  }
  return {
    connect: check("connect", hooks.connect),
    login: check("login", hooks.login),
    join: check("join", hooks.join),
    message: asked && ((given) => Effect.map(asked(given), (text) => plainText((text ?? given.text).toWellFormed()))),
    upload: check("upload", hooks.upload),
    commands,
    stop: () => void Deferred.doneUnsafe(stopped, Exit.void)
  }
}
