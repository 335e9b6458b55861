/** The step of a protocol by which the chat carries out a command. */
import { Effect, Exit } from "effect"
import type { Command, Reply } from "../domain/Command.ts"
import { NotLoggedIn, type Rejection } from "../domain/Rejection.ts"
import type { Chat } from "../services/Chat.ts"
import type { Session } from "../services/Session.ts"

/** A command, and what follows from its outcome. */
export interface CommandStep<Next> {
  readonly command: Command
  readonly replied: (reply: Reply) => Next
  readonly refused: (rejection: Rejection) => Next
}

/** Carries out a command: gives what follows from it, or if that has to be waited for, an effect that does. */
export const carryOut = <Next>(
  chat: Chat["Service"],
  session: Session | undefined,
  { command, refused, replied }: CommandStep<Next>
): Next | Effect.Effect<Next> => {
  if (session === undefined) return refused(new NotLoggedIn())
  const outcome = chat.runUnsafe(session, command)
  const settled = Exit.isExit(outcome) ? (outcome as Exit.Exit<Reply, Rejection>) : undefined
  if (settled?._tag === "Success") return replied(settled.value)
  return Effect.match(outcome, { onSuccess: replied, onFailure: refused })
}
