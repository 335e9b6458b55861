/** What a page remembers when it is loaded again: who one is, and where. Each tab has its own. */
import * as Places from "./Place.ts"

const key = "parlance"
const nameKey = "parlance-name"

interface Remembered {
  readonly name: string
  readonly current: string
  readonly rooms: ReadonlyArray<{ readonly name: string; readonly isPrivate: boolean }>
}

export interface Recalled {
  readonly name: string | undefined
  readonly current: string | undefined
  readonly places: Places.Places
}

const isRemembered = (value: unknown): value is Remembered => {
  if (typeof value !== "object" || value === null) return false
  const { current, name, rooms } = value as Partial<Record<keyof Remembered, unknown>>
  return typeof name === "string" && typeof current === "string" && Array.isArray(rooms)
}

// Browsers may be set to remember nothing.
const attempt = <A>(act: () => A): A | undefined => {
  try {
    return act()
  } catch {
    return undefined
  }
}

/** What this tab was doing when its page was left. */
export const recall = (): Recalled => {
  const value: unknown = attempt(() => JSON.parse(sessionStorage.getItem(key) ?? "null"))
  if (!isRemembered(value)) return { name: undefined, current: undefined, places: new Map() }
  let places: Places.Places = new Map()
  for (const { isPrivate, name } of value.rooms) {
    places = Places.open(places, "room", String(name))
    places = Places.change(places, Places.roomKey(String(name)), () => ({
      isMember: true,
      isPrivate: isPrivate === true
    }))
  }
  return { name: value.name, current: value.current, places }
}

export const keep = (name: string | undefined, places: Places.Places, current: string): void => {
  if (name === undefined) return
  const rooms = [...places.values()]
    .filter(({ isMember, kind }) => kind === "room" && isMember)
    .map(({ isPrivate, name }) => ({ name, isPrivate }))
  const value: Remembered = { name, current, rooms }
  const text = JSON.stringify(value)
  attempt(() => {
    if (sessionStorage.getItem(key) === text) return
    sessionStorage.setItem(key, text)
    localStorage.setItem(nameKey, name)
  })
}

export const forget = (): void => void attempt(() => sessionStorage.removeItem(key))

/** The name that was used last in this browser. */
export const lastName = (): string => attempt(() => localStorage.getItem(nameKey)) ?? ""
