/** The operator's console: carries out lines and answers them, for whatever they come from. */
import { Effect, Result, Stream } from "effect"
import { Operator, type OperatorError } from "../services/Operator.ts"
import type { Address } from "./Address.ts"
import * as Answer from "./ConsoleAnswer.ts"
import { type ConsoleCommand, parse } from "./ConsoleCommand.ts"
import { Logging } from "./Logging.ts"

/** What lines come from and answers go to. */
export interface Attachment<E = never> {
  readonly lines: Stream.Stream<string, E>
  /** Shows a text of one or more lines. */
  readonly print: (text: string) => Effect.Effect<void>
  /** Clears the screen, if there is one. */
  readonly clear?: () => void
}

/** A console that carries out lines. */
export interface Console {
  /** Answers lines one after another, until there are no more. */
  readonly serve: <E>(attachment: Attachment<E>) => Effect.Effect<void, E>
}

export interface Options {
  readonly version: string
  readonly addresses: ReadonlyArray<Address>
  /** Stops the server. */
  readonly exit: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Console, never, Operator | Logging> {
  const operator = yield* Operator
  const logging = yield* Logging

  const run = (command: ConsoleCommand): Effect.Effect<string, OperatorError> => {
    switch (command._tag) {
      case "Help":
        return Effect.succeed(Answer.help)
      case "List":
        return Effect.map(operator.peers, Answer.list)
      case "Rooms":
        return Effect.map(operator.rooms, Answer.rooms)
      case "Info":
        return Effect.map(operator.info, (info) => Answer.info(info, { ...options, verbosity: logging.verbosity() }))
      case "Kill":
        return Effect.map(operator.kill(command.target), Answer.killed)
      case "Ping":
        return Effect.map(operator.ping(command.target), Answer.pinged)
      case "CleanPool":
        return Effect.map(operator.ping({ _tag: "All" }), Answer.pinged)
      case "Say":
        return Effect.map(operator.say(command.text), Answer.said)
      case "Ban":
        return Effect.map(operator.ban(command.address, command.minutes), ({ ban, killed }) =>
          Answer.banned(ban, killed)
        )
      case "Unban":
        return Effect.as(operator.unban(command.address), Answer.unbanned(command.address))
      case "Bans":
        return Effect.map(operator.bans, Answer.bans)
      case "Mute":
        return Effect.sync(() => {
          logging.mute()
          return Answer.muted
        })
      case "Unmute":
        return Effect.sync(() => Answer.unmuted(logging.unmute(command.verbosity)))
      case "Clear":
        return Effect.succeed("")
      case "Exit":
        return Effect.succeed(Answer.exiting)
    }
  }

  const answer = Effect.fnUntraced(function* <E>(
    line: string,
    { clear, print }: Attachment<E>
  ): Effect.fn.Return<void> {
    const parsed = parse(line)
    if (Result.isFailure(parsed)) return yield* print(Answer.mistake(parsed.failure))
    const command = parsed.success
    if (command === undefined) return
    if (command._tag === "Clear") return clear?.()
    yield* print(yield* Effect.catch(run(command), (error) => Effect.succeed(Answer.refused(error))))
    if (command._tag === "Exit") yield* options.exit
  })

  return { serve: (attachment) => Stream.runForEach(attachment.lines, (line) => answer(line, attachment)) }
})
