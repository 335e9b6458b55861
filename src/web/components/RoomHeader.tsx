import { useEffect, useRef, useState } from "preact/hooks"
import type { Model } from "../state/Model.ts"
import type { Place } from "../state/Place.ts"
import type { Drawer } from "./Drawer.ts"
import { InviteDialog } from "./Dialogs.tsx"
import { Icon, type IconName } from "./Icon.tsx"

interface ActionProps {
  readonly icon: IconName
  readonly label: string
  readonly isPressed?: boolean
  readonly act: () => void
}

const Action = ({ act, icon, isPressed, label }: ActionProps) => (
  <button type="button" class="plain action" title={label} aria-label={label} aria-pressed={isPressed} onClick={act}>
    <Icon name={icon} />
    <span class="label" aria-hidden="true">
      {label}
    </span>
  </button>
)

const RoomActions = ({
  model,
  place,
  say
}: {
  model: Model
  place: Place
  say: (fault: string | undefined) => void
}) => {
  const [isOpen, setOpen] = useState(false)
  const [isInviting, setInviting] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const { isPrivate, name } = place

  useEffect(() => {
    if (!isOpen) return
    const close = (event: Event) => {
      const isOutside =
        event instanceof KeyboardEvent ? event.key === "Escape" : !box.current?.contains(event.target as Node)
      if (isOutside) setOpen(false)
    }
    document.addEventListener("pointerdown", close)
    document.addEventListener("keydown", close)
    return () => {
      document.removeEventListener("pointerdown", close)
      document.removeEventListener("keydown", close)
    }
  }, [isOpen])

  const then = (act: () => void) => () => {
    setOpen(false)
    act()
  }

  return (
    <div class="room-actions" ref={box}>
      <button
        type="button"
        class="plain more"
        aria-label="What to do with this room"
        aria-expanded={isOpen}
        aria-controls="room-actions"
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="more" />
      </button>
      <div class="actions" id="room-actions" data-open={isOpen}>
        <Action
          icon={isPrivate ? "lock" : "unlock"}
          label={isPrivate ? "Open to everybody" : "Make private"}
          act={then(() => void model.setPrivate(name, !isPrivate).then(say))}
        />
        <Action icon="invite" label="Invite somebody" act={then(() => setInviting(true))} />
        <Action icon="door" label="Leave the room" act={then(() => void model.leaveRoom(name).then(say))} />
      </div>
      {isInviting && <InviteDialog model={model} room={name} close={() => setInviting(false)} />}
    </div>
  )
}

const faultMillis = 6_000

/** Where one is, and what can be done there. */
export const RoomHeader = ({
  drawer,
  model,
  open
}: {
  model: Model
  drawer: Drawer
  open: (drawer: Drawer) => void
}) => {
  const [fault, setFault] = useState<string>()
  const place = model.place.value
  const link = model.link.value
  const elsewhere = model.unread.value - (place?.unread ?? 0)

  useEffect(() => {
    if (fault === undefined) return
    const timer = setTimeout(() => setFault(undefined), faultMillis)
    return () => clearTimeout(timer)
  }, [fault])

  const remark = link === "online" ? undefined : model.remark.value
  const words = fault ?? remark ?? (link === "lost" ? "Reconnecting…" : undefined)

  return (
    <header class="header">
      <button
        type="button"
        class="plain menu"
        aria-label={elsewhere > 0 ? `Rooms, ${elsewhere} unread` : "Rooms"}
        aria-expanded={drawer === "rooms"}
        aria-controls="rooms"
        onClick={() => open(drawer === "rooms" ? undefined : "rooms")}
      >
        <Icon name="menu" />
        {elsewhere > 0 && <span class="dot" />}
      </button>
      <div class="title">
        <h1>
          {place?.kind === "room" && <Icon name={place.isPrivate ? "lock" : "hash"} />}
          <span class="name">{place?.name}</span>
        </h1>
        <p class="subtitle" role="status" data-link={fault === undefined ? link : "lost"}>
          {words ??
            (link === "connecting"
              ? "Connecting…"
              : place?.kind === "direct"
                ? "Only the two of you see this."
                : place?.isPrivate === true
                  ? "Private: only members see it."
                  : "Open to everybody.")}
        </p>
      </div>
      {link === "closed" && (
        <button type="button" class="primary" onClick={model.reconnect}>
          Reconnect
        </button>
      )}
      {place?.kind === "room" && place.isMember && <RoomActions model={model} place={place} say={setFault} />}
      {place?.kind === "room" && (
        <button
          type="button"
          class="plain people"
          aria-label={`${place.memberCount} members`}
          aria-expanded={drawer === "members"}
          aria-controls="members"
          onClick={() => open(drawer === "members" ? undefined : "members")}
        >
          <Icon name="people" />
          <span aria-hidden="true">{place.memberCount}</span>
        </button>
      )}
    </header>
  )
}
