/** The questions that the page asks. */
import { useState } from "preact/hooks"
import type { Model } from "../state/Model.ts"
import { Dialog } from "./Dialog.tsx"

interface Props {
  readonly model: Model
  readonly close: () => void
}

/** Creates a room, or enters one whose name is known. */
export const RoomDialog = ({ close, entered, model }: Props & { readonly entered: () => void }) => {
  const [name, setName] = useState("")
  const [isPrivate, setPrivate] = useState(false)
  const act = async () => {
    const refusal = await model.join(name)
    if (refusal !== undefined) return refusal
    entered()
    if (!isPrivate) return undefined
    const here = model.place.value
    return here?.kind === "room" ? await model.setPrivate(here.name, true) : undefined
  }
  return (
    <Dialog title="New room" action="Create" act={act} close={close}>
      <label for="room-name">Name</label>
      <input
        id="room-name"
        value={name}
        maxLength={128}
        autoComplete="off"
        autoFocus
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <label class="check">
        <input type="checkbox" checked={isPrivate} onChange={(event) => setPrivate(event.currentTarget.checked)} />
        <span>Private: only those who are invited see it</span>
      </label>
      <p class="hint">If there is a room of that name already, you join it.</p>
    </Dialog>
  )
}

/** Lets somebody into a private room. */
export const InviteDialog = ({ close, model, room }: Props & { readonly room: string }) => {
  const [name, setName] = useState("")
  const everybody = model.places.value.get("#general")?.members ?? []
  const inside = new Set(model.place.value?.members?.map((it) => it.number))
  return (
    <Dialog title={`Invite to ${room}`} action="Invite" act={() => model.invite(name, room)} close={close}>
      <label for="guest">Name</label>
      <input
        id="guest"
        value={name}
        list="guests"
        maxLength={128}
        autoComplete="off"
        autoFocus
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <datalist id="guests">
        {everybody
          .filter(({ number }) => !inside.has(number))
          .map((it) => (
            <option key={it.number} value={it.name} />
          ))}
      </datalist>
    </Dialog>
  )
}

export const RenameDialog = ({ close, model }: Props) => {
  const [name, setName] = useState(model.me.value?.name ?? "")
  return (
    <Dialog title="Change your name" action="Change" act={() => model.rename(name)} close={close}>
      <label for="new-name">Name</label>
      <input
        id="new-name"
        value={name}
        maxLength={128}
        autoComplete="nickname"
        spellcheck={false}
        autoFocus
        onInput={(event) => setName(event.currentTarget.value)}
      />
    </Dialog>
  )
}
