/** Draws somebody's attention who looks elsewhere: by the page's title and icon, and by notifications if they are wanted. */
import { effect, type ReadonlySignal, signal } from "@preact/signals"
import icon from "../images/icon.svg"
import iconUnread from "../images/icon-unread.svg"
import type { Model, News } from "./Model.ts"

/** `impossible` where the browser has none, or keeps them from pages like this. */
export type Wish = "impossible" | "off" | "on" | "denied"

export interface Attention {
  readonly wish: ReadonlySignal<Wish>
  /** Asks for notifications, or does without them again. */
  readonly toggle: () => Promise<void>
  readonly notify: (news: News) => void
  readonly watch: (model: Model) => void
}

const key = "parlance-notifications"

const initialWish = (): Wish => {
  if (!("Notification" in window) || !window.isSecureContext) return "impossible"
  if (Notification.permission === "denied") return "denied"
  try {
    return Notification.permission === "granted" && localStorage.getItem(key) === "on" ? "on" : "off"
  } catch {
    return "off"
  }
}

const keep = (wish: Wish): void => {
  try {
    localStorage.setItem(key, wish)
  } catch {
    // It is asked for again next time.
  }
}

/** The title of the page. */
export const title = (unread: number, place: string | undefined): string =>
  `${unread > 0 ? `(${unread > 99 ? "99+" : unread}) ` : ""}${place === undefined ? "" : `${place} – `}Parlance`

const mentions = (text: string, name: string): boolean => text.toLowerCase().includes(name.toLowerCase())

export const make = (): Attention => {
  const wish = signal(initialWish())
  let model: Model | undefined

  return {
    wish,
    toggle: async () => {
      if (wish.value === "on") wish.value = "off"
      else if (wish.value === "off") {
        const permission = await Notification.requestPermission()
        wish.value = permission === "granted" ? "on" : permission === "denied" ? "denied" : "off"
      }
      keep(wish.value)
    },
    notify: ({ from, place, text }) => {
      const name = model?.me.value?.name
      if (wish.value !== "on" || document.hasFocus() || name === undefined || from === name) return
      if (place.kind === "room" && !mentions(text, name)) return
      const where = place.kind === "room" ? `${from} in ${place.name}` : from
      const notification = new Notification(where, { body: text.slice(0, 200), tag: place.key, icon })
      notification.addEventListener("click", () => {
        window.focus()
        model?.select(place.key)
        notification.close()
      })
    },
    watch: (watched) => {
      model = watched
      effect(() => {
        const { me, place, unread } = watched
        document.title = title(unread.value, me.value === undefined ? undefined : place.value?.name)
        const link = document.querySelector<HTMLLinkElement>("link[rel=icon]")
        if (link !== null) link.href = unread.value > 0 ? iconUnread : icon
      })
    }
  }
}
