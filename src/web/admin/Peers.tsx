import { useState } from "preact/hooks"
import type { Peer } from "../../api/mod.ts"
import { Dialog } from "../components/Dialog.tsx"
import type { Desk } from "./Desk.ts"
import { bytes } from "./Figures.ts"
import { duration, iso } from "./Moments.ts"
import * as Server from "./OperatorServer.ts"

type Shown = typeof Peer.Type

/** How many rows are drawn; the filter finds the others. */
const limitRows = 200

type Wish = { readonly kind: "kick" | "ban"; readonly peer: Shown }

const Kick = ({ close, desk, peer }: { readonly desk: Desk; readonly peer: Shown; readonly close: () => void }) => (
  <Dialog title={`Kick ${peer.name}?`} action="Kick" act={() => desk.act(() => Server.kick(peer.id))} close={close}>
    <p>The connection ends and the name is free. {peer.name} may come back.</p>
  </Dialog>
)

const Ban = ({ close, desk, peer }: { readonly desk: Desk; readonly peer: Shown; readonly close: () => void }) => {
  const [address, setAddress] = useState(peer.address)
  const [minutes, setMinutes] = useState("")
  const act = () => {
    const wanted = minutes.trim() === "" ? undefined : Number(minutes)
    if (wanted !== undefined && (!Number.isInteger(wanted) || wanted < 1)) {
      return Promise.resolve("The minutes must be a whole number.")
    }
    return desk.act(() => Server.ban(address.trim(), wanted))
  }
  return (
    <Dialog title={`Ban the address of ${peer.name}?`} action="Ban" act={act} close={close}>
      <p>Nobody can connect from there, and whoever is connected from there is kicked.</p>
      <label for="ban-address">Address</label>
      <input id="ban-address" value={address} onInput={(event) => setAddress(event.currentTarget.value)} />
      <label for="ban-minutes">Minutes</label>
      <input
        id="ban-minutes"
        inputMode="numeric"
        placeholder="until it is lifted"
        value={minutes}
        onInput={(event) => setMinutes(event.currentTarget.value)}
      />
    </Dialog>
  )
}

const matches = (wanted: string) => (peer: Shown) =>
  [peer.name, peer.protocol, peer.address, peer.room, String(peer.id)].some((it) => it.toLowerCase().includes(wanted))

const columns = ["Id", "Name", "Protocol", "Address", "Room", "Queue", "Since", "Actions"]

const Row = ({ peer, wish }: { readonly peer: Shown; readonly wish: (wish: Wish) => void }) => (
  <tr role="row">
    <td role="cell" class="number id">
      {peer.id}
    </td>
    <th role="rowheader" scope="row" class="name">
      <bdi>{peer.name}</bdi>
    </th>
    <td role="cell" class="protocol">
      {peer.protocol}
    </td>
    <td role="cell" class="address">
      {peer.address === "" ? "in this process" : peer.address}
    </td>
    <td role="cell" class="room">
      <bdi>{peer.room}</bdi>
    </td>
    <td role="cell" class="number queue">
      {bytes(peer.queuedBytes)}
    </td>
    <td role="cell" class="number since">
      <time dateTime={iso(peer.sinceMillis)}>{duration(Date.now() - peer.sinceMillis)}</time>
    </td>
    <td role="cell" class="acts">
      <button class="secondary small" type="button" onClick={() => wish({ kind: "kick", peer })}>
        Kick<span class="unseen"> {peer.name}</span>
      </button>
      <button class="secondary small grave" type="button" onClick={() => wish({ kind: "ban", peer })}>
        Ban<span class="unseen"> the address of {peer.name}</span>
      </button>
    </td>
  </tr>
)

/** Everybody who is connected, whom the operator may kick and ban. */
export const Peers = ({ desk }: { readonly desk: Desk }) => {
  const [filter, setFilter] = useState("")
  const [wish, setWish] = useState<Wish>()
  const all = desk.peers.value
  const found = filter === "" ? all : all.filter(matches(filter.toLowerCase()))
  const close = () => setWish(undefined)
  return (
    <section class="panel peers" aria-labelledby="peers-title">
      <header>
        <h2 id="peers-title">
          Peers <span class="count">{all.length}</span>
        </h2>
        <input
          type="search"
          aria-label="Filter peers"
          placeholder="Filter"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </header>
      {found.length === 0 ? (
        <p class="nothing">{all.length === 0 ? "Nobody is connected." : "Nobody matches."}</p>
      ) : (
        <div class="scroll" role="region" aria-labelledby="peers-title" tabIndex={0}>
          <table role="table">
            <thead role="rowgroup">
              <tr role="row">
                {columns.map((column) => (
                  <th key={column} role="columnheader" scope="col" class={column.toLowerCase()}>
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody role="rowgroup">
              {found.slice(0, limitRows).map((peer) => (
                <Row key={peer.id} peer={peer} wish={setWish} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.length > limitRows && <p class="nothing">{found.length - limitRows} more; the filter finds them.</p>}
      {wish?.kind === "kick" && <Kick desk={desk} peer={wish.peer} close={close} />}
      {wish?.kind === "ban" && <Ban desk={desk} peer={wish.peer} close={close} />}
    </section>
  )
}
