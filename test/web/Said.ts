/** What the tests of the web page say. */
import type { Moved, Said } from "../../src/web/state/Entry.ts"

/** A message with a number, said so many seconds after noon. */
export const said = (number: number, from = "alice", text = `message ${number}`): Said => ({
  kind: "said",
  key: `${number} ${at(number)}`,
  from,
  protocol: "toss",
  text,
  atMillis: at(number),
  number,
  isOwn: from === "me",
  file: undefined,
  delivery: "sent",
  fault: undefined
})

/** Noon of a day, by the local clock. */
export const noon = (day = 1): number => new Date(2026, 4, day, 12).getTime()

const at = (second: number): number => noon() + second * 1000

/** A message of one's own that has not been sent. */
export const pending = (key: string, atMillis = noon(), text = key): Said => ({
  ...said(0, "me", text),
  key,
  atMillis,
  number: undefined,
  delivery: "waiting"
})

export const moved = (move: Moved["move"], name: string, second = 0, oldName?: string): Moved => ({
  kind: "moved",
  key: `${move} ${name} ${second}`,
  move,
  name,
  oldName,
  atMillis: at(second)
})
