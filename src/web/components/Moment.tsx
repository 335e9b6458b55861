/** Times and days, in the words of the reader's locale. */
import { dayOf } from "../state/Rows.ts"

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" })
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" })
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" })
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" })

/** The time without its half of the day, where there is no room for it. */
export const shortTime = (atMillis: number): string =>
  time
    .formatToParts(atMillis)
    .filter(({ type }) => type !== "dayPeriod")
    .map(({ value }) => value)
    .join("")
    .trim()

export const Moment = ({ atMillis, isShort = false }: { readonly atMillis: number; readonly isShort?: boolean }) => (
  <time class="time" dateTime={new Date(atMillis).toISOString()} title={whole.format(atMillis)}>
    {isShort ? shortTime(atMillis) : time.format(atMillis)}
  </time>
)

/** The name of a day, seen from another. */
export const dayName = (atMillis: number, nowMillis: number): string => {
  if (dayOf(atMillis) === dayOf(nowMillis)) return "Today"
  const yesterday = new Date(nowMillis)
  yesterday.setDate(yesterday.getDate() - 1)
  if (dayOf(atMillis) === dayOf(yesterday.getTime())) return "Yesterday"
  const isThisYear = new Date(atMillis).getFullYear() === new Date(nowMillis).getFullYear()
  return (isThisYear ? day : dayOfYear).format(atMillis)
}
