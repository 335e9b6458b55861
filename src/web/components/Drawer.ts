import type { RefObject } from "preact"
import { useEffect, useRef } from "preact/hooks"

/** What lies over the conversation on a narrow screen. */
export type Drawer = "rooms" | "members" | undefined

/** Moves the focus into a drawer when it opens. */
export const useDrawer = (isOpen: boolean): RefObject<HTMLElement | null> => {
  const drawer = useRef<HTMLElement>(null)
  useEffect(() => {
    if (!isOpen) return
    drawer.current?.querySelector<HTMLElement>("[aria-current], button, input")?.focus({ preventScroll: true })
  }, [isOpen])
  return drawer
}
