import { useEffect, useRef, useState } from "preact/hooks"
import * as Download from "../net/Download.ts"
import { imageType, mayBeImage } from "../net/ImageKind.ts"
import { wait } from "../net/Connection.ts"
import type { Said, SharedFile } from "../state/Entry.ts"
import type { Model } from "../state/Model.ts"
import { Icon } from "./Icon.tsx"

const units = ["B", "KB", "MB", "GB"]

/** A size as people read it. */
export const readable = (sizeBytes: number): string => {
  let amount = sizeBytes
  let unit = 0
  while (amount >= 1000 && unit < units.length - 1) {
    amount /= 1000
    unit += 1
  }
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`
}

const source: Download.Source = { fetch: (url, init) => fetch(url, init), wait }

const picture = async (blob: Blob): Promise<string | undefined> => {
  const type = imageType(new Uint8Array(await blob.slice(0, 12).arrayBuffer()))
  return type === undefined ? undefined : URL.createObjectURL(new Blob([blob], { type }))
}

/** Shows an image when it is scrolled into view, in a place that is kept for it. */
const Preview = ({ content, file }: { readonly file: SharedFile; readonly content: Blob | undefined }) => {
  const place = useRef<HTMLButtonElement>(null)
  const large = useRef<HTMLDialogElement>(null)
  const [url, setUrl] = useState<string>()
  const [isNone, setNone] = useState(false)

  useEffect(() => {
    const abort = new AbortController()
    let made: string | undefined
    const load = async () => {
      const blob = content ?? (await Download.fetchAll(source, Download.ownUrl(file.url), () => {}, abort.signal))
      made = await picture(blob)
      if (abort.signal.aborted) return void (made !== undefined && URL.revokeObjectURL(made))
      if (made === undefined) setNone(true)
      else setUrl(made)
    }
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return
        observer.disconnect()
        load().catch(() => setNone(true))
      },
      { rootMargin: "300px" }
    )
    if (place.current !== null) observer.observe(place.current)
    return () => {
      abort.abort()
      observer.disconnect()
      if (made !== undefined) URL.revokeObjectURL(made)
    }
    // A file that was sent from here is the same when it has got its address.
  }, [content ?? file.url])

  return (
    <>
      <button
        type="button"
        class="preview"
        ref={place}
        aria-label={`Show ${file.name}`}
        aria-disabled={url === undefined}
        onClick={() => url !== undefined && large.current?.showModal()}
      >
        {url === undefined ? <span class="hint">{isNone ? "No preview" : ""}</span> : <img src={url} alt={file.name} />}
      </button>
      <dialog class="large" ref={large} aria-label={file.name} onClick={() => large.current?.close()}>
        {url !== undefined && <img src={url} alt={file.name} />}
        <button type="button" class="plain" aria-label="Close">
          <Icon name="close" />
        </button>
      </dialog>
    </>
  )
}

const save = (blob: Blob, name: string): void => {
  const url = URL.createObjectURL(blob)
  const link = document.createElement("a")
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** Fetches a file. The link works without this too, and for large files it does the work. */
const DownloadLink = ({ file }: { readonly file: SharedFile }) => {
  const [come, setCome] = useState<number>()
  const [fault, setFault] = useState<string>()
  const fetchIt = async () => {
    setCome(0)
    setFault(undefined)
    try {
      save(await Download.fetchAll(source, Download.ownUrl(file.url), setCome), file.name)
    } catch (error) {
      setFault(error instanceof Download.Unavailable ? "It is gone." : "It did not arrive.")
    }
    setCome(undefined)
  }
  return (
    <a
      class="download"
      href={Download.ownUrl(file.url)}
      download={file.name}
      onClick={(event) => {
        if (file.sizeBytes > Download.limitBytes || event.ctrlKey || event.metaKey || event.shiftKey) return
        event.preventDefault()
        if (come === undefined) void fetchIt()
      }}
    >
      <Icon name="file" />
      <span class="name">{file.name}</span>
      <span class="aside">
        {fault ?? (come === undefined ? readable(file.sizeBytes) : `${readable(come)} of ${readable(file.sizeBytes)}`)}
      </span>
      <Icon name="download" />
      {come !== undefined && (
        <progress aria-label={`Fetching ${file.name}`} value={come} max={Math.max(1, file.sizeBytes)} />
      )}
    </a>
  )
}

interface Props {
  readonly entry: Said
  readonly file: SharedFile
  readonly model: Model
}

const Waiting = ({ entry, file, model }: Props) => {
  const progress = model.uploads.value.get(entry.key)
  const sent = progress?.sentBytes ?? 0
  return (
    <div class="upload">
      <Icon name="file" />
      <span class="name">{file.name}</span>
      <span class="aside">
        {progress === undefined || sent === 0
          ? readable(file.sizeBytes)
          : `${readable(sent)} of ${readable(file.sizeBytes)}`}
      </span>
      {(entry.delivery === "waiting" || entry.delivery === "sending") && (
        <>
          <button
            type="button"
            class="plain"
            aria-label={`Cancel ${file.name}`}
            onClick={() => model.discard(entry.key)}
          >
            <Icon name="close" />
          </button>
          <progress aria-label={`Sending ${file.name}`} value={sent} max={Math.max(1, file.sizeBytes)} />
        </>
      )}
    </div>
  )
}

/** A file that was shared, or is on its way. */
export const FileCard = ({ entry, file, model }: Props) => {
  // What was sent from here is shown from here.
  const content = useRef(model.uploads.value.get(entry.key)?.file)
  const isThere = file.url !== ""
  return (
    <div class="file">
      {mayBeImage(file) && (isThere || content.current !== undefined) && (
        <Preview file={file} content={content.current} />
      )}
      {isThere ? <DownloadLink file={file} /> : <Waiting entry={entry} file={file} model={model} />}
    </div>
  )
}
