import type { ComponentChildren } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { Icon } from "./Icon.tsx"

interface Question {
  readonly title: string
  readonly action: string
  /** Gives why it cannot be done; otherwise the dialog closes. */
  readonly act: () => Promise<string | undefined>
  readonly close: () => void
  readonly children: ComponentChildren
}

/** Asks for something over the page, and does it. */
export const Dialog = ({ act, action, children, close, title }: Question) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const [fault, setFault] = useState<string>()
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void act().then((refusal) => (refusal === undefined ? dialog.current?.close() : setFault(refusal)))
        }}
      >
        <header>
          <h2 id="dialog-title">{title}</h2>
          <button class="plain" type="button" aria-label="Close" onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        {children}
        <p class="refusal" role="alert">
          {fault}
        </p>
        <footer>
          <button class="secondary" type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button class="primary" type="submit">
            {action}
          </button>
        </footer>
      </form>
    </dialog>
  )
}
