import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import type { Draft, Model } from "../state/Model.ts"
import type { Place } from "../state/Place.ts"
import { readable } from "./FileCard.tsx"
import { Icon } from "./Icon.tsx"

const nothing: Draft = { text: "", files: [] }

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true

// A screen without a keyboard has no Shift to go with Enter.
const isTouch = (): boolean => matchMedia("(pointer: coarse) and (hover: none)").matches

/** Where one writes. */
export const Composer = ({ model, place }: { readonly model: Model; readonly place: Place }) => {
  const [{ files, text }, setDraft] = useState<Draft>(() => model.drafts.get(place.key) ?? nothing)
  const [isOver, setOver] = useState(false)
  const input = useRef<HTMLTextAreaElement>(null)
  const chooser = useRef<HTMLInputElement>(null)

  const write = (draft: Draft) => {
    setDraft(draft)
    model.drafts.set(place.key, draft)
  }
  const attach = (chosen: Iterable<File>) => {
    if (!place.isMember) return
    const draft = model.drafts.get(place.key) ?? nothing
    write({ text: draft.text, files: [...draft.files, ...chosen] })
    input.current?.focus()
  }

  const send = () => {
    if (text.trim() === "" && files.length === 0) return
    model.say(text, files)
    write(nothing)
    input.current?.focus()
  }

  // Grows with what is written, as far as the style lets it.
  useLayoutEffect(() => {
    const { current } = input
    if (current === null || CSS.supports("field-sizing", "content")) return
    current.style.height = "auto"
    current.style.height = `${current.scrollHeight}px`
  }, [text])

  useEffect(() => {
    if (!isTouch()) input.current?.focus({ preventScroll: true })
  }, [place.key])

  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      setOver(true)
    }
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false)
    }
    const drop = (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      setOver(false)
      attach(event.dataTransfer?.files ?? [])
    }
    document.addEventListener("dragover", over)
    document.addEventListener("dragleave", leave)
    document.addEventListener("drop", drop)
    return () => {
      document.removeEventListener("dragover", over)
      document.removeEventListener("dragleave", leave)
      document.removeEventListener("drop", drop)
    }
  }, [place.key, place.isMember])

  if (!place.isMember) {
    return (
      <div class="composer outside">
        <p>You are not in this room.</p>
        <button type="button" class="primary" onClick={() => void model.join(place.name)}>
          Join
        </button>
      </div>
    )
  }

  return (
    <form
      class="composer"
      aria-label="Write"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      {files.length > 0 && (
        <ul class="tray" aria-label="Files to send">
          {files.map((file, index) => (
            <li key={`${index} ${file.name}`}>
              <Icon name="file" />
              <span class="name">{file.name}</span>
              <span class="aside">{readable(file.size)}</span>
              <button
                type="button"
                class="plain"
                aria-label={`Do not send ${file.name}`}
                onClick={() => write({ text, files: files.filter((_, at) => at !== index) })}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="line">
        <button
          type="button"
          class="plain"
          aria-label="Attach files"
          title="Attach files"
          onClick={() => chooser.current?.click()}
        >
          <Icon name="attach" />
        </button>
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          aria-label="Files"
          onChange={(event) => {
            attach(event.currentTarget.files ?? [])
            event.currentTarget.value = ""
          }}
        />
        <textarea
          ref={input}
          rows={1}
          value={text}
          aria-label={`Message ${place.kind === "room" ? "in" : "to"} ${place.name}`}
          placeholder={`Message ${place.name}`}
          enterkeyhint={isTouch() ? "enter" : "send"}
          onInput={(event) => write({ text: event.currentTarget.value, files })}
          onPaste={(event) => {
            const pasted = [...(event.clipboardData?.files ?? [])]
            if (pasted.length === 0) return
            event.preventDefault()
            attach(pasted)
          }}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing || isTouch()) return
            event.preventDefault()
            send()
          }}
        />
        <button type="submit" class="send" aria-label="Send" title="Send">
          <Icon name="send" />
        </button>
      </div>
      {isOver && (
        <div class="drop" aria-hidden="true">
          <p>Drop files to share them in {place.name}</p>
        </div>
      )}
    </form>
  )
}
