import { useRef, useState } from "preact/hooks"
import icon from "../images/icon.svg"
import type { Desk } from "./Desk.ts"

/** Where the operator shows the token. */
export const Gate = ({ desk }: { readonly desk: Desk }) => {
  const [token, setToken] = useState("")
  const [refusal, setRefusal] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const input = useRef<HTMLInputElement>(null)

  const enter = async () => {
    setBusy(true)
    setRefusal(undefined)
    setRefusal(await desk.logIn(token.trim()))
    setBusy(false)
    input.current?.select()
  }

  return (
    <main class="gate">
      <form
        method="post"
        action="/admin/login"
        onSubmit={(event) => {
          event.preventDefault()
          if (!isBusy) void enter()
        }}
      >
        <img src={icon} alt="" width="56" height="56" />
        <h1>Parlance operator</h1>
        <p class="lead">The token is in the file admin-token of the server’s data directory.</p>
        <label for="token">Token</label>
        <div class="field">
          <input
            id="token"
            name="token"
            ref={input}
            type="password"
            value={token}
            autoComplete="current-password"
            autoFocus
            required
            aria-invalid={refusal !== undefined}
            aria-describedby="refusal"
            onInput={(event) => setToken(event.currentTarget.value)}
          />
          <button class="primary" type="submit" aria-disabled={isBusy}>
            Log in
          </button>
        </div>
        <p id="refusal" class="refusal" role="alert">
          {refusal}
        </p>
      </form>
    </main>
  )
}
