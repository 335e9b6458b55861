import type { ReadonlySignal } from "@preact/signals"
import { useState } from "preact/hooks"
import type { Attention, Wish } from "../state/Attention.ts"
import type { Link, Model } from "../state/Model.ts"
import type { Place } from "../state/Place.ts"
import { RenameDialog, RoomDialog } from "./Dialogs.tsx"
import { useDrawer } from "./Drawer.ts"
import { Icon } from "./Icon.tsx"
import { Avatar } from "./Person.tsx"

interface Props {
  readonly model: Model
  readonly attention: Attention
  readonly isOpen: boolean
  readonly close: () => void
}

// More than this is searched rather than read.
const shownRooms = 100
const filterFrom = 12

const PlaceButton = ({ go, isHere, place }: { place: Place; isHere: boolean; go: () => void }) => (
  <li>
    <button
      type="button"
      class="place"
      aria-current={isHere ? "page" : undefined}
      data-unread={place.unread > 0}
      data-outside={!place.isMember}
      onClick={go}
    >
      {place.kind === "direct" ? <Avatar name={place.name} /> : <Icon name={place.isPrivate ? "lock" : "hash"} />}
      <span class="name">{place.name}</span>
      {place.isPrivate && <span class="unseen">, private</span>}
      {place.unread > 0 && (
        <span class="count">
          {place.unread > 99 ? "99+" : place.unread}
          <span class="unseen"> unread</span>
        </span>
      )}
      {!place.isMember && <span class="aside">join</span>}
    </button>
  </li>
)

const linkWords: Record<Link, string> = {
  none: "Not connected",
  connecting: "Connecting…",
  online: "Connected",
  lost: "Reconnecting…",
  closed: "Disconnected"
}

const wishWords: Record<Exclude<Wish, "impossible">, string> = {
  off: "Notify me of direct messages and of my name",
  on: "Do not notify me any more",
  denied: "This browser does not allow notifications"
}

const Notify = ({ toggle, wish }: { readonly wish: ReadonlySignal<Wish>; readonly toggle: () => Promise<void> }) => {
  const is = wish.value
  if (is === "impossible") return null
  return (
    <button
      type="button"
      class="plain"
      aria-label={wishWords[is]}
      title={wishWords[is]}
      aria-pressed={is === "on"}
      aria-disabled={is === "denied"}
      onClick={() => void toggle()}
    >
      <Icon name="bell" />
    </button>
  )
}

/** The rooms, whom one talks to, and oneself. */
export const Sidebar = ({ attention, close, isOpen, model }: Props) => {
  const [dialog, setDialog] = useState<"room" | "rename">()
  const [filter, setFilter] = useState("")
  const self = useDrawer(isOpen)
  const places = [...model.places.value.values()]
  const here = model.place.value?.key
  const me = model.me.value?.name ?? ""
  const link = model.link.value
  const rooms = places.filter(({ kind }) => kind === "room")
  const outside = rooms.filter((it) => !it.isMember && it.name.toLowerCase().includes(filter.toLowerCase()))

  const go = (place: Place) => () => {
    if (place.isMember) model.select(place.key)
    else void model.join(place.name)
    close()
  }
  const list = (shown: ReadonlyArray<Place>) =>
    shown.map((it) => <PlaceButton key={it.key} place={it} isHere={it.key === here} go={go(it)} />)

  return (
    <nav ref={self} class="sidebar" id="rooms" aria-label="Rooms and direct messages" data-open={isOpen}>
      <div class="places">
        <div class="heading">
          <h2>Rooms</h2>
          <button type="button" class="plain" aria-label="New room" title="New room" onClick={() => setDialog("room")}>
            <Icon name="plus" />
          </button>
        </div>
        <ul>{list(rooms.filter(({ isMember }) => isMember))}</ul>
        {rooms.some(({ isMember }) => !isMember) && (
          <>
            <div class="heading">
              <h2>Other rooms</h2>
            </div>
            {rooms.length > filterFrom && (
              <input
                type="search"
                class="filter"
                aria-label="Find a room"
                placeholder="Find a room"
                value={filter}
                onInput={(event) => setFilter(event.currentTarget.value)}
              />
            )}
            <ul>{list(outside.slice(0, shownRooms))}</ul>
          </>
        )}
        <div class="heading">
          <h2>Direct messages</h2>
        </div>
        <ul>{list(places.filter(({ kind }) => kind === "direct"))}</ul>
        {!places.some(({ kind }) => kind === "direct") && <p class="hint">Choose somebody among the members.</p>}
      </div>
      <div class="self">
        <Avatar name={me} />
        <div class="who">
          <span class="name">{me}</span>
          <span class="link" data-link={link} role="status">
            {linkWords[link]}
          </span>
        </div>
        <Notify wish={attention.wish} toggle={attention.toggle} />
        <button
          type="button"
          class="plain"
          aria-label="Change your name"
          title="Change your name"
          onClick={() => setDialog("rename")}
        >
          <Icon name="pen" />
        </button>
        <button type="button" class="plain" aria-label="Leave the chat" title="Leave the chat" onClick={model.leave}>
          <Icon name="door" />
        </button>
      </div>
      {dialog === "room" && <RoomDialog model={model} entered={close} close={() => setDialog(undefined)} />}
      {dialog === "rename" && <RenameDialog model={model} close={() => setDialog(undefined)} />}
    </nav>
  )
}
