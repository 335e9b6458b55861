import type { Model } from "../state/Model.ts"
import { Icon } from "./Icon.tsx"

/** Private rooms that somebody has opened to this user. */
export const Invitations = ({ model }: { readonly model: Model }) => {
  const drop = (room: string) => {
    model.invitations.value = model.invitations.value.filter((it) => it.room !== room)
  }
  return (
    <div class="toasts" role="status">
      {model.invitations.value.map(({ by, room }) => (
        <div class="toast" key={room}>
          <p>
            <strong>{by}</strong> has invited you to <strong>{room}</strong>.
          </p>
          <button
            class="primary"
            type="button"
            onClick={() => {
              drop(room)
              void model.join(room)
            }}
          >
            Join
          </button>
          <button class="plain" type="button" aria-label="Not now" onClick={() => drop(room)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
