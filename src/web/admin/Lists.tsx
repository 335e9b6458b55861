import { useState } from "preact/hooks"
import { Dialog } from "../components/Dialog.tsx"
import { Icon } from "../components/Icon.tsx"
import type { Desk } from "./Desk.ts"
import { iso, moment } from "./Moments.ts"
import * as Server from "./OperatorServer.ts"

/** All rooms, and who is in them. */
export const Rooms = ({ desk }: { readonly desk: Desk }) => (
  <section class="panel" aria-labelledby="rooms-title">
    <header>
      <h2 id="rooms-title">
        Rooms <span class="count">{desk.rooms.value.length}</span>
      </h2>
    </header>
    <ul class="rows scroll" tabIndex={0} aria-labelledby="rooms-title">
      {desk.rooms.value.map(({ isPrivate, members, name }) => (
        <li key={name}>
          <b>
            <Icon name={isPrivate ? "lock" : "hash"} />
            <bdi>{name}</bdi>
            {isPrivate && <span class="unseen">, private</span>}
            <span class="count">{members.length}</span>
          </b>
          <span class="members">{members.join(", ")}</span>
        </li>
      ))}
    </ul>
  </section>
)

/** What was refused last. */
export const Refusals = ({ desk }: { readonly desk: Desk }) => (
  <section class="panel" aria-labelledby="refusals-title">
    <header>
      <h2 id="refusals-title">Recent refusals</h2>
    </header>
    {desk.refusals.value.length === 0 ? (
      <p class="nothing">Nothing was refused.</p>
    ) : (
      <ul class="rows scroll" tabIndex={0} aria-labelledby="refusals-title">
        {desk.refusals.value.map(({ address, atMillis, code, name, protocol }, index) => (
          <li key={`${atMillis} ${index}`}>
            <b>{code}</b>
            <span class="soft">
              <bdi>{name}</bdi> · {protocol}
              {address !== "" && ` · ${address}`}
            </span>
            <time dateTime={iso(atMillis)}>{moment(atMillis)}</time>
          </li>
        ))}
      </ul>
    )}
  </section>
)

/** The addresses that may not connect. */
export const Bans = ({ desk }: { readonly desk: Desk }) => {
  const [refusal, setRefusal] = useState<string>()
  return (
    <section class="panel" aria-labelledby="bans-title">
      <header>
        <h2 id="bans-title">
          Bans <span class="count">{desk.bans.value.length}</span>
        </h2>
      </header>
      {desk.bans.value.length === 0 ? (
        <p class="nothing">No address is banned.</p>
      ) : (
        <ul class="rows">
          {desk.bans.value.map(({ address, untilMillis }) => (
            <li key={address}>
              <b>{address}</b>
              <span class="soft">
                {untilMillis === undefined ? "until it is lifted" : `until ${moment(untilMillis)}`}
              </span>
              <button
                class="secondary small"
                type="button"
                onClick={() => void desk.act(() => Server.unban(address)).then(setRefusal)}
              >
                Lift<span class="unseen"> the ban of {address}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {refusal !== undefined && (
        <p class="refusal" role="alert">
          {refusal}
        </p>
      )}
    </section>
  )
}

/** The programs that may post. */
export const Bots = ({ desk }: { readonly desk: Desk }) => {
  const [isMaking, setMaking] = useState(false)
  const [revoking, setRevoking] = useState<string>()
  const [name, setName] = useState("")
  const [made, setMade] = useState<{ readonly name: string; readonly token: string }>()
  return (
    <section class="panel" aria-labelledby="bots-title">
      <header>
        <h2 id="bots-title">
          Bots <span class="count">{desk.bots.value.length}</span>
        </h2>
        <button class="secondary small" type="button" onClick={() => setMaking(true)}>
          Make a bot
        </button>
      </header>
      {made !== undefined && (
        <p class="token" role="status">
          The token of <bdi>{made.name}</bdi>, which is not shown again: <code>{made.token}</code>
          <button class="plain" type="button" aria-label="Hide the token" onClick={() => setMade(undefined)}>
            <Icon name="close" />
          </button>
        </p>
      )}
      {desk.bots.value.length === 0 ? (
        <p class="nothing">No program may post.</p>
      ) : (
        <ul class="rows">
          {desk.bots.value.map(({ isOnline, name }) => (
            <li key={name}>
              <b>
                <bdi>{name}</bdi>
              </b>
              <span class="soft">{isOnline ? "online" : "away"}</span>
              <button class="secondary small grave" type="button" onClick={() => setRevoking(name)}>
                Revoke<span class="unseen"> {name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {isMaking && (
        <Dialog
          title="Make a bot"
          action="Make"
          act={() => desk.act(async () => setMade(await Server.makeBot(name)))}
          close={() => {
            setMaking(false)
            setName("")
          }}
        >
          <label for="bot-name">Name</label>
          <input id="bot-name" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </Dialog>
      )}
      {revoking !== undefined && (
        <Dialog
          title={`Revoke ${revoking}?`}
          action="Revoke"
          act={() => desk.act(() => Server.revokeBot(revoking))}
          close={() => setRevoking(undefined)}
        >
          <p>Its token is good for nothing any more.</p>
        </Dialog>
      )}
    </section>
  )
}
