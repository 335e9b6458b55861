import type { Model } from "../state/Model.ts"
import { useDrawer } from "./Drawer.ts"
import { Avatar, Badge } from "./Person.tsx"

const collator = new Intl.Collator(undefined, { sensitivity: "base", numeric: true })

/** Who is in the room, and by what protocol. */
export const Members = ({ close, isOpen, model }: { model: Model; isOpen: boolean; close: () => void }) => {
  const self = useDrawer(isOpen)
  const place = model.place.value
  if (place?.kind !== "room") return <aside class="members" id="members" aria-label="Members" data-open={false} />
  const members = [...(place.members ?? [])].sort((a, b) => collator.compare(a.name, b.name))
  const me = model.me.value?.number
  return (
    <aside ref={self} class="members" id="members" aria-label="Members" data-open={isOpen}>
      <div class="heading">
        <h2>
          Members <span class="aside">{place.memberCount}</span>
        </h2>
      </div>
      <ul>
        {members.map(({ name, number, protocol }) => (
          <li key={number}>
            {number === me ? (
              <div class="member">
                <Avatar name={name} />
                <span class="name">
                  {name} <span class="aside">you</span>
                </span>
                <Badge protocol={protocol} />
              </div>
            ) : (
              <button
                type="button"
                class="member"
                title={`Write to ${name} alone`}
                onClick={() => {
                  model.talkTo(name)
                  close()
                }}
              >
                <Avatar name={name} />
                <span class="name">{name}</span>
                <Badge protocol={protocol} />
              </button>
            )}
          </li>
        ))}
      </ul>
    </aside>
  )
}
