/**
 * What the server of Toss-a-Message says.
 *
 * - Responses are literals whose keys are in the order in which they go on the wire.
 * - `time` is the one instant of the act, the same for everybody who hears of it.
 */
import type { Errors, Refusal } from "./PillowRequest.ts"
import type { SlipFile } from "./SlipValue.ts"

/** One response. */
export type Response =
  | { readonly action: "chunks"; readonly data: { readonly chunks: number }; readonly status: 100 }
  | { readonly action: "chunks" | "close-server"; readonly status: 101 }
  | {
      readonly action: "log-in"
      readonly status: 100
      readonly data: { readonly username?: string; readonly time: Date }
    }
  | {
      readonly action: "send-message"
      readonly status: 100
      readonly data: {
        readonly message: string
        readonly username: string
        readonly attachment?: SlipFile
        readonly time: Date
      }
    }
  | {
      readonly action: "log-out"
      readonly status: 100
      readonly data: { readonly username: string; readonly time: Date }
    }
  | {
      readonly status: 200 | 201 | 202
      readonly data: { readonly errors: Errors }
      readonly action?: string | number | boolean | Date
    }

/** Says how many bytes the next response has. */
export const announcement = (chunks: number): Response => ({ action: "chunks", data: { chunks }, status: 100 })

/** Lets a client send what it has announced. */
export const acknowledgement: Response = { action: "chunks", status: 101 }

/** Says that the server stops. */
export const closeServer: Response = { action: "close-server", status: 101 }

/** Welcomes the one who has logged in. */
export const welcome = (time: Date): Response => ({ action: "log-in", status: 100, data: { time } })

/** Tells the others who has logged in. */
export const logIn = (username: string, time: Date): Response => ({
  action: "log-in",
  status: 100,
  data: { username, time }
})

/** A message to everybody, its sender included. */
export const message = (username: string, text: string, time: Date, attachment?: SlipFile): Response => ({
  action: "send-message",
  status: 100,
  data: attachment === undefined ? { message: text, username, time } : { message: text, username, attachment, time }
})

/** Tells the others who has left. */
export const logOut = (username: string, time: Date): Response => ({
  action: "log-out",
  status: 100,
  data: { username, time }
})

/** Says why a request was refused. */
export const refusal = ({ action, errors }: Pick<Refusal, "action" | "errors">): Response => ({
  status: 200,
  data: { errors },
  ...(action !== undefined && { action })
})

/** Says that what came is no request (201), or that something went wrong that is not the peer's business (202). */
export const failure = (status: 201 | 202, detail: string): Response => ({
  status,
  data: { errors: { _err: [status === 202 ? "Server error" : detail] } }
})

/** The refusal of a name that somebody has. */
export const nameTaken = (username: string): Response =>
  refusal({ action: "log-in", errors: { username: [`User with username ${username} already exists`] } })
