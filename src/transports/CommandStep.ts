/** The step of a protocol by which the chat carries out a command. */
import { Effect, Exit } from "effect"
import type { Command, Reply } from "../domain/Command.ts"
import { NotLoggedIn, type Rejection } from "../domain/Rejection.ts"
import type { Chat } from "../services/Chat.ts"
import type { Session } from "../services/Session.ts"

/** A command, and the steps that follow from its outcome. */
export interface CommandStep<Step> {
  readonly command: Command
  readonly whenStored?: boolean
  readonly replied: (reply: Reply) => ReadonlyArray<Step>
  readonly refused: (rejection: Rejection) => ReadonlyArray<Step>
}

/** Who carries out the steps that follow from something for which nothing else waits. */
export interface Later<Step> {
  later(following: Effect.Effect<ReadonlyArray<Step>>): void
}

type Following<Step> = ReadonlyArray<Step> | Effect.Effect<ReadonlyArray<Step>>

/**
 * Carries out a command: gives what follows from it, or if that has to be waited for, an effect that does.
 *
 * What waits for a message to be stored holds up nothing that comes behind it: that is handed to `apart`.
 */
export const carryOut = <Step>(
  chat: Chat["Service"],
  session: Session | undefined,
  { command, refused, replied, whenStored }: CommandStep<Step>,
  apart: Later<Step>
): Following<Step> => {
  if (session === undefined) return refused(new NotLoggedIn())
  const follow = (reply: Reply): ReadonlyArray<Step> => {
    const stored = whenStored === true && reply._tag === "Accepted" ? reply.stored : undefined
    if (stored === undefined) return replied(reply)
    apart.later(Effect.match(stored, { onSuccess: () => replied(reply), onFailure: refused }))
    return []
  }
  const outcome = chat.runUnsafe(session, command)
  const settled = Exit.isExit(outcome) ? (outcome as Exit.Exit<Reply, Rejection>) : undefined
  if (settled?._tag === "Success") return follow(settled.value)
  return Effect.match(outcome, { onSuccess: follow, onFailure: refused })
}
