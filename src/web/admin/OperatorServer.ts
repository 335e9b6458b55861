/** Asking the server for what only its operator may ask. The cookie of the login goes with every request. */
import type { Ban, Bot, CommandAnswer, NewBot, OperatorRoom, Peer, Refusal, Stats } from "../../api/mod.ts"

/** The server has refused something: `code` is the tag of its answer, or empty if there was none. */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  readonly retryAfterMillis: number

  constructor(status: number, answer: { readonly _tag?: string; readonly retryAfterMillis?: number }) {
    super(answer._tag ?? String(status))
    this.status = status
    this.code = answer._tag ?? ""
    this.retryAfterMillis = answer.retryAfterMillis ?? 0
  }
}

const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
  const response = await fetch(path, {
    method,
    cache: "no-store",
    ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) })
  })
  const text = await response.text()
  const isJson = response.headers.get("content-type")?.includes("json") === true
  const answer: unknown = isJson ? JSON.parse(text) : undefined
  if (!response.ok) throw new Refused(response.status, (answer ?? {}) as ConstructorParameters<typeof Refused>[1])
  return answer
}

// What the server answers is what its API says: both come from the same build.
const get = async <A>(what: string): Promise<A> => (await ask("GET", `/api/v1/${what}`)) as A
const post = async <A>(what: string, body: unknown): Promise<A> => (await ask("POST", `/api/v1/${what}`, body)) as A
const remove = async (what: string): Promise<void> => void (await ask("DELETE", `/api/v1/${what}`))

export const logIn = async (token: string): Promise<void> => void (await ask("POST", "/admin/login", { token }))
export const logOut = async (): Promise<void> => void (await ask("POST", "/admin/logout"))

export const stats = () => get<typeof Stats.Type>("operator/stats")
export const peers = () => get<ReadonlyArray<typeof Peer.Type>>("operator/peers")
export const rooms = () => get<ReadonlyArray<typeof OperatorRoom.Type>>("operator/rooms")
export const bans = () => get<ReadonlyArray<typeof Ban.Type>>("operator/bans")
export const refusals = () => get<ReadonlyArray<typeof Refusal.Type>>("operator/refusals")
export const bots = () => get<ReadonlyArray<typeof Bot.Type>>("bots")

export const kick = (id: number) => post<unknown>(`operator/peers/${id}/kick`, {})
export const ban = (address: string, minutes: number | undefined) =>
  post<unknown>("operator/bans", minutes === undefined ? { address } : { address, minutes })
export const unban = (address: string) => remove(`operator/bans/${encodeURIComponent(address)}`)
export const say = (text: string) => post<{ readonly told: number }>("operator/say", { text })
export const command = (line: string) => post<typeof CommandAnswer.Type>("operator/command", { line })
export const makeBot = (name: string) => post<typeof NewBot.Type>("bots", { name })
export const revokeBot = (name: string) => remove(`bots/${encodeURIComponent(name)}`)

/** Calls `take` with the state of the server, that of the last minutes first; stops when what is returned is called. */
export const watchStats = (take: (stats: typeof Stats.Type) => void, broken: () => void): (() => void) => {
  const source = new EventSource("/api/v1/operator/stats/events")
  source.addEventListener("message", ({ data }: MessageEvent<string>) => take(JSON.parse(data) as typeof Stats.Type))
  source.addEventListener("error", broken)
  return () => source.close()
}
