/** Times as the operator reads them. */

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" })
const dayMillis = 86_400_000

/** A time of the last day, or another one with its date. */
export const moment = (atMillis: number): string =>
  (Math.abs(Date.now() - atMillis) < dayMillis ? clock : day).format(atMillis)

/** The same for programs. */
export const iso = (atMillis: number): string => new Date(atMillis).toISOString()

/** How long something took or is there: two units, the greater first. */
export const duration = (millis: number): string => {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  const parts: ReadonlyArray<readonly [number, string]> = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"]
  ]
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return "0 s"
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ")
}
