/** The slash commands of a policy, which stand beside the chat's own. */
import { Effect } from "effect"
import { type Reply, done } from "../domain/Command.ts"
import { NotLoggedIn, type Rejection } from "../domain/Rejection.ts"
import type { Broadcaster } from "./Broadcaster.ts"
import { type PolicyChecks, userOf } from "./PolicyChecks.ts"
import type { Session } from "./Session.ts"
import type { Sessions } from "./Sessions.ts"
import * as SlashCommand from "./SlashCommand.ts"

/** What own commands are carried out with. */
export interface Dependencies {
  readonly broadcaster: Broadcaster
  readonly commands: PolicyChecks["commands"]
  readonly sessions: Sessions["Service"]
}

const wellFormed = /^[a-z][a-z0-9-]{0,31}$/

/**
 * Makes the part of the chat that carries out the commands of a policy; undefined if it has none. A name that is not
 * well-formed or is a word of the chat's own throws.
 */
export const make = ({ broadcaster, commands, sessions }: Dependencies) => {
  if (commands.size === 0) return undefined
  const names = [...commands.keys()]
  for (const name of names) {
    if (!wellFormed.test(name)) throw new Error(`Cannot have command /${name}: that is no name of a command`)
    if (SlashCommand.isWord(name)) throw new Error(`Cannot have command /${name}: the chat has one of that name`)
  }
  const run = (session: Session, { argument, name }: SlashCommand.Own) =>
    Effect.flatMap(
      commands.get(name)!.answer({ user: userOf(session), room: session.current.name, argument }),
      (answer): Effect.Effect<Reply, Rejection> => {
        if (!sessions.isOpen(session)) return Effect.fail(new NotLoggedIn())
        const text = SlashCommand.answerOf(answer)
        if (text !== "") broadcaster.tellOne(session, { _tag: "Noticed", text })
        return Effect.succeed(done)
      }
    )

  const help = SlashCommand.helpOf(Array.from(commands, ([name, { help }]) => [`/${name}`, help]))

  return { names, run, help }
}

/** The part of the chat that carries out the commands of a policy. */
export type OwnCommands = NonNullable<ReturnType<typeof make>>
