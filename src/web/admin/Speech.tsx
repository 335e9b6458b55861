import { useEffect, useRef, useState } from "preact/hooks"
import { Dialog } from "../components/Dialog.tsx"
import type { Desk } from "./Desk.ts"
import * as Server from "./OperatorServer.ts"

/** Says something to everybody, as the server. */
export const Say = ({ desk }: { readonly desk: Desk }) => {
  const [text, setText] = useState("")
  const [remark, setRemark] = useState("")
  const say = async () => {
    const refusal = await desk.act(async () => {
      const { told } = await Server.say(text)
      setRemark(`Said to ${told === 1 ? "one peer" : `${told} peers`}.`)
    })
    if (refusal === undefined) setText("")
    else setRemark(refusal)
  }
  return (
    <section class="panel" aria-labelledby="say-title">
      <header>
        <h2 id="say-title">Say to everybody</h2>
      </header>
      <form
        class="field"
        onSubmit={(event) => {
          event.preventDefault()
          if (text.trim() !== "") void say()
        }}
      >
        <input
          aria-labelledby="say-title"
          placeholder="As the server"
          maxLength={4096}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button class="primary" type="submit">
          Say
        </button>
      </form>
      <p class="remark" role="status">
        {remark}
      </p>
    </section>
  )
}

/** The operator's console: the arrow keys bring back what was typed before. */
export const Console = ({ desk }: { readonly desk: Desk }) => {
  const [line, setLine] = useState("")
  const [isLeaving, setLeaving] = useState(false)
  const typed = useRef<Array<string>>([])
  const at = useRef(0)
  const log = useRef<HTMLDivElement>(null)
  const lines = desk.lines.value

  useEffect(() => log.current?.scrollTo({ top: log.current.scrollHeight }), [lines])

  const run = () => {
    if (line.trim() === "") return
    typed.current = [...typed.current.filter((it) => it !== line), line].slice(-100)
    at.current = typed.current.length
    setLine("")
    if (line.trim() === ":exit") setLeaving(true)
    else void desk.type(line)
  }

  const recall = (step: number) => {
    at.current = Math.max(0, Math.min(typed.current.length, at.current + step))
    setLine(typed.current[at.current] ?? "")
  }

  return (
    <section class="panel console" aria-labelledby="console-title">
      <header>
        <h2 id="console-title">Console</h2>
        <span class="soft">:help lists the commands</span>
      </header>
      <div class="log" ref={log} role="log" aria-labelledby="console-title" tabIndex={0}>
        {lines.map(({ kind, number, text }) => (
          <pre key={number} class={kind}>
            {text}
          </pre>
        ))}
      </div>
      <form
        class="field"
        onSubmit={(event) => {
          event.preventDefault()
          run()
        }}
      >
        <input
          class="typed"
          aria-label="Command"
          placeholder=":list"
          autoCapitalize="off"
          autoComplete="off"
          spellcheck={false}
          value={line}
          onInput={(event) => setLine(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return
            event.preventDefault()
            recall(event.key === "ArrowUp" ? -1 : 1)
          }}
        />
        <button class="secondary" type="submit">
          Run
        </button>
      </form>
      {isLeaving && (
        <Dialog
          title="Stop the server?"
          action="Stop it"
          act={() => desk.type(":exit").then(() => undefined)}
          close={() => setLeaving(false)}
        >
          <p>Everybody is told and disconnected. It must be started again where it runs.</p>
        </Dialog>
      )}
    </section>
  )
}
