import { useComputed } from "@preact/signals"
import { useEffect, useMemo } from "preact/hooks"
import { Chart } from "./Chart.tsx"
import type { Desk } from "./Desk.ts"
import { bytes, charts, number, otherProtocols } from "./Figures.ts"
import { Gate } from "./Gate.tsx"
import { Bans, Bots, Refusals, Rooms } from "./Lists.tsx"
import { duration } from "./Moments.ts"
import { Peers } from "./Peers.tsx"
import { Console, Say } from "./Speech.tsx"

const State = ({ desk }: { readonly desk: Desk }) => {
  const now = desk.samples.value.at(-1)
  if (!desk.isConnected.value) return <p class="state lost">The server does not answer.</p>
  if (now === undefined) return <p class="state">…</p>
  return (
    <p class="state">
      up {duration(now.uptimeMillis)} · {number(now.connections)} connections · {bytes(now.memoryBytes)} of memory
    </p>
  )
}

const Charts = ({ desk }: { readonly desk: Desk }) => {
  // As text, which is the same as long as the names are.
  const others = useComputed(() => otherProtocols(desk.samples.value).join(" ")).value
  const shown = useMemo(() => charts(others === "" ? [] : others.split(" ")), [others])
  return shown.map((figures) => <Chart key={figures.title} desk={desk} figures={figures} />)
}

/** All that the operator sees. */
export const OperatorPage = ({ desk }: { readonly desk: Desk }) => {
  const isIn = desk.access.value === "in"
  // The keys that scroll go to what has the focus.
  useEffect(() => {
    if (isIn) document.getElementById("page")?.focus()
  }, [isIn])
  if (desk.access.value === "asking") return null
  if (desk.access.value === "out") return <Gate desk={desk} />
  return (
    <>
      <header class="bar">
        <h1>Parlance operator</h1>
        <State desk={desk} />
        <nav>
          <a href="/">Chat</a>
          <a href="/api/v1/docs">API</a>
          <button class="secondary small" type="button" onClick={() => void desk.logOut()}>
            Log out
          </button>
        </nav>
      </header>
      <main class="desk">
        <section class="charts" aria-labelledby="charts-title">
          <h2 id="charts-title" class="unseen">
            The last five minutes
          </h2>
          <Charts desk={desk} />
        </section>
        <Peers desk={desk} />
        <div class="columns">
          <Rooms desk={desk} />
          <Refusals desk={desk} />
        </div>
        <div class="columns">
          <Console desk={desk} />
          <div class="stack">
            <Say desk={desk} />
            <Bans desk={desk} />
            <Bots desk={desk} />
          </div>
        </div>
      </main>
    </>
  )
}
