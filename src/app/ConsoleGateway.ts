/** Where the operator's console can be reached by others in this process, if there is one. */
import { Context, Effect, Layer, type Scope, Stream } from "effect"
import { NoConsole } from "../api/ApiError.ts"
import type { Console } from "./Console.ts"

/** What a line of the console came to. */
export interface LineAnswer {
  readonly answer: string
  readonly isCleared: boolean
}

/** Where the operator's console can be reached by others in this process, if there is one. */
export class ConsoleGateway extends Context.Service<
  ConsoleGateway,
  {
    /** Lets lines in to a console until the scope ends. */
    readonly open: (console: Console) => Effect.Effect<void, never, Scope.Scope>
    /** Carries out a line. */
    readonly run: (line: string) => Effect.Effect<LineAnswer, NoConsole>
  }
>()("parlance/app/ConsoleGateway") {
  static readonly layer = Layer.sync(ConsoleGateway, () => {
    let current: Console | undefined
    return ConsoleGateway.of({
      open: (console) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            current = console
          }),
          () =>
            Effect.sync(() => {
              if (current === console) current = undefined
            })
        ),
      run: Effect.fnUntraced(function* (line: string) {
        if (current === undefined) return yield* new NoConsole()
        const printed: Array<string> = []
        let isCleared = false
        yield* current.serve({
          lines: Stream.succeed(line),
          print: (text) => Effect.sync(() => void printed.push(text)),
          clear: () => {
            isCleared = true
          }
        })
        return { answer: printed.join("\n"), isCleared }
      })
    })
  })
}
