/** Carries out the steps of a protocol whose chat is turned by hand. */
import type { Command, Reply } from "../../src/domain/Command.ts"
import type { UserName } from "../../src/domain/Names.ts"
import type { ProtocolName } from "../../src/domain/Message.ts"
import type { Rejection } from "../../src/domain/Rejection.ts"
import type { Link } from "../../src/protocols/Link.ts"
import type { Steps } from "../../src/protocols/Step.ts"

/** A command that waits for its answer, with what it is answered by. */
export interface Asked<Key> {
  readonly key: Key
  readonly command: Command
  readonly reply: (reply: Reply) => void
  readonly refuse: (rejection: Rejection) => void
}

/** How the chat answers a login; undefined accepts it. */
export type Doorman = (name: string) => Rejection | undefined

/** Users with numbers that count from 1. */
export const make = <Key extends object>(protocol: ProtocolName, doorman: Doorman = () => undefined) => {
  const asked: Array<Asked<Key>> = []
  const ended: Array<string> = []
  const logins: Array<string> = []
  const keys: Array<Key> = []
  let lastUser = 0
  let faults = 0

  const perform = (steps: Steps<Uint8Array, Key>, own?: Link<Uint8Array>): void => {
    for (const step of steps) {
      switch (step._tag) {
        case "Send":
          ;(step.link ?? own)?.send(step.frame)
          break
        case "Logout":
          ended.push(step.why)
          break
        case "Hangup":
          ;(step.link ?? own)?.end?.()
          break
        case "Fault":
          faults++
          break
        case "Reserve": {
          const rejection = doorman(step.name)
          perform(rejection === undefined ? step.reserved(++lastUser) : step.refused(rejection), own)
          break
        }
        case "Login": {
          logins.push(step.name)
          const rejection = doorman(step.name)
          if (rejection !== undefined) perform(step.refused(rejection), own)
          else {
            keys.push(step.key!)
            perform(
              step.accepted?.({ number: step.number ?? ++lastUser, name: step.name as UserName, protocol }) ?? [],
              own
            )
          }
          break
        }
        case "Run": {
          const { command, key, refused, replied } = step
          asked.push({
            key: key!,
            command,
            reply: (reply) => perform(replied(reply), own),
            refuse: (rejection) => perform(refused(rejection), own)
          })
        }
      }
    }
  }

  return {
    perform,
    /** Commands that wait for an answer, which the test gives; taken. */
    asked: () => asked.splice(0),
    /** Why sessions ended; taken. */
    ended: () => ended.splice(0),
    /** The names of those who asked for a login; taken. */
    logins: () => logins.splice(0),
    /** How many faults there were; taken. */
    faults: () => {
      const taken = faults
      faults = 0
      return taken
    },
    /** The key of the last login, and its number. */
    last: () => ({ key: keys.at(-1)!, number: lastUser })
  }
}
