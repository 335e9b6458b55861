import { useEffect, useRef, useState } from "preact/hooks"
import type { Attention } from "../state/Attention.ts"
import type { Model } from "../state/Model.ts"
import { Composer } from "./Composer.tsx"
import type { Drawer } from "./Drawer.ts"
import { Entrance } from "./Entrance.tsx"
import { Invitations } from "./Invitations.tsx"
import { Members } from "./Members.tsx"
import { MessageList } from "./MessageList.tsx"
import { RoomHeader } from "./RoomHeader.tsx"
import { Sidebar } from "./Sidebar.tsx"

const roomsEveryMillis = 30_000

const Chat = ({ attention, model }: { readonly model: Model; readonly attention: Attention }) => {
  const [drawer, setDrawer] = useState<Drawer>(undefined)
  const opener = useRef<HTMLElement>(null)
  const place = model.place.value

  useEffect(() => {
    const refresh = () => {
      if (document.visibilityState === "visible" && model.link.value === "online") void model.refreshRooms()
    }
    const timer = setInterval(refresh, roomsEveryMillis)
    document.addEventListener("visibilitychange", refresh)
    return () => {
      clearInterval(timer)
      document.removeEventListener("visibilitychange", refresh)
    }
  }, [model])

  useEffect(() => {
    const close = (event: KeyboardEvent) => {
      if (event.key === "Escape") setDrawer(undefined)
    }
    // On a wide screen nothing lies over anything.
    const wide = matchMedia("(min-width: 1024px)")
    const widened = () => setDrawer(undefined)
    document.addEventListener("keydown", close)
    wide.addEventListener("change", widened)
    return () => {
      document.removeEventListener("keydown", close)
      wide.removeEventListener("change", widened)
    }
  }, [])

  // The focus goes back to what opened the drawer.
  useEffect(() => {
    if (drawer !== undefined) return
    opener.current?.focus({ preventScroll: true })
    opener.current = null
  }, [drawer])

  const open = (wanted: Drawer) => {
    opener.current = document.activeElement instanceof HTMLElement ? document.activeElement : null
    setDrawer(wanted)
    if (wanted === "rooms") void model.refreshRooms()
  }

  return (
    <div class="chat" data-drawer={drawer ?? "none"}>
      <Sidebar model={model} attention={attention} isOpen={drawer === "rooms"} close={() => setDrawer(undefined)} />
      <main class="talk" inert={drawer !== undefined} aria-label={place === undefined ? "Conversation" : place.name}>
        <RoomHeader model={model} drawer={drawer} open={open} />
        {place !== undefined && <MessageList key={place.key} model={model} place={place} />}
        {place !== undefined && <Composer key={`to ${place.key}`} model={model} place={place} />}
      </main>
      <Members model={model} isOpen={drawer === "members"} close={() => setDrawer(undefined)} />
      {drawer !== undefined && <div class="shade" onClick={() => setDrawer(undefined)} />}
      <Invitations model={model} />
    </div>
  )
}

export const App = ({ attention, model }: { readonly model: Model; readonly attention: Attention }) =>
  model.me.value === undefined ? <Entrance model={model} /> : <Chat model={model} attention={attention} />
