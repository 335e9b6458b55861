import { useEffect, useRef, useState } from "preact/hooks"
import icon from "../images/icon.svg"
import { lastName } from "../state/Memory.ts"
import type { Model } from "../state/Model.ts"

/** Where one says who one is. */
export const Entrance = ({ model }: { readonly model: Model }) => {
  const [name, setName] = useState(lastName)
  const input = useRef<HTMLInputElement>(null)
  const refusal = model.remark.value
  const isBusy = model.link.value === "connecting" && refusal === undefined

  useEffect(() => input.current?.select(), [refusal])

  return (
    <main class="entrance">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!isBusy) model.enter(name)
        }}
      >
        <img src={icon} alt="" width="56" height="56" />
        <h1>Parlance</h1>
        <p class="lead">One chat for five protocols.</p>
        <label for="name">Your name</label>
        <div class="field">
          <input
            id="name"
            ref={input}
            value={name}
            maxLength={128}
            autoComplete="nickname"
            autoCapitalize="off"
            spellcheck={false}
            enterkeyhint="go"
            autoFocus
            aria-invalid={refusal !== undefined}
            aria-describedby="refusal"
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <button class="primary" type="submit" aria-disabled={isBusy}>
            {isBusy ? "Entering…" : "Enter"}
          </button>
        </div>
        <p id="refusal" class="refusal" role="alert">
          {refusal}
        </p>
      </form>
    </main>
  )
}
