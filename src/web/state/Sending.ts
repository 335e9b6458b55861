/** What one says and shares, from the moment it is written until the server has it. */
import { type Signal, signal } from "@preact/signals"
import { type Connection, wait } from "../net/Connection.ts"
import * as Upload from "../net/Upload.ts"
import type { Said } from "./Entry.ts"
import * as Outbox from "./Outbox.ts"
import * as Places from "./Place.ts"
import * as SlashWords from "./SlashWords.ts"
import * as Timeline from "./Timeline.ts"

/** A file on its way. */
export interface Progress {
  readonly file: File
  readonly sentBytes: number
}

export interface Parts {
  readonly connection: () => Connection
  readonly places: Signal<Places.Places>
  readonly now: () => number
  readonly stamp: () => Places.Stamp
  readonly ownName: () => string
  readonly protocol: () => string | undefined
  readonly isOnline: () => boolean
}

export interface Sending {
  /** The files that are on their way, by the keys of their messages. */
  readonly uploads: Signal<ReadonlyMap<string, Progress>>
  readonly say: (place: string, text: string, files: ReadonlyArray<File>) => void
  readonly retry: (key: string) => void
  /** Takes back what has not been sent. */
  readonly discard: (key: string) => void
  /** Finds out which letters a page of a room's history shows to have arrived. */
  readonly recognize: (place: string, page: ReadonlyArray<Said>) => void
  /** A conversation has another key. */
  readonly move: (oldKey: string, key: string) => void
  /** One has another name: what was sent under the old one and not answered is not repeated by itself. */
  readonly disown: () => void
  readonly open: () => void
  readonly close: () => void
}

interface Job extends Outbox.Letter {
  readonly upload: File | undefined
}

const uploadsAtOnce = 2
const unknown = "It is not known whether this has arrived."

/** An id that nobody else comes upon. Not all pages may call `crypto.randomUUID`. */
const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")

export const make = (parts: Parts): Sending => {
  const { connection, places } = parts
  const uploads = signal<ReadonlyMap<string, Progress>>(new Map())
  const jobs = new Map<string, Job>()
  const cancels = new Map<string, () => void>()
  const waiting: Array<Job> = []
  // Where conversations are now whose other half has another name than when it was written to.
  const moved = new Map<string, string>()
  let isOpen = false

  const placeOf = ({ place }: Outbox.Letter): string => moved.get(place) ?? place

  const change = (id: string, changes: Partial<Omit<Said, "kind" | "key">>): void => {
    const job = jobs.get(id)
    if (job === undefined) return
    places.value = Places.change(places.value, placeOf(job), ({ timeline }) => ({
      timeline: Timeline.change(timeline, id, changes)
    }))
  }

  const fail = (id: string, fault: string): void => change(id, { delivery: "failed", fault })

  const setProgress = (id: string, progress: Progress | undefined): void => {
    const next = new Map(uploads.value)
    if (progress === undefined) next.delete(id)
    else next.set(id, progress)
    uploads.value = next
  }

  const outbox = Outbox.make({
    send: async ({ file, id, place, text }) => {
      const { kind, name } = Places.named(moved.get(place) ?? place)
      const content = { message: text, id, ...(file !== undefined && { file }) }
      const answer =
        kind === "direct"
          ? await connection().askOnce("direct", { to: name, ...content })
          : await connection().askOnce("message", { from: parts.ownName(), room: name, ...content })
      if (!answer.ok) return { ok: false, ...answer.error }
      return { ok: true, number: answer.number, atMillis: answer.at, file: Timeline.sharedFile(answer.file) }
    },
    wait,
    sending: ({ id }) => change(id, { delivery: "sending" }),
    answered: ({ id }, receipt) => {
      if (receipt.ok) {
        const { atMillis, file, number } = receipt
        change(id, { delivery: "sent", number, ...(atMillis !== undefined && { atMillis }), ...(file && { file }) })
      } else if (receipt.code === "StorageFailed") {
        // It has been heard all the same, and would be heard twice if it were sent again.
        change(id, { delivery: "sent", fault: "The server could not store this." })
      } else return fail(id, receipt.message)
      jobs.delete(id)
    }
  })

  const send = async (job: Job, file: File): Promise<void> => {
    setProgress(job.id, { file, sentBytes: 0 })
    const answer = await connection().ask("upload", { name: file.name, size: file.size })
    if (!answer.ok || answer.url === undefined)
      throw new Error(answer.ok ? "There is no address." : answer.error.message)
    const uploading = Upload.start(file, answer.url, (sentBytes) => setProgress(job.id, { file, sentBytes }))
    cancels.set(job.id, uploading.cancel)
    const letter = { ...job, file: await uploading.done, upload: undefined }
    jobs.set(job.id, letter)
    outbox.put(letter)
  }

  const startUploads = (): void => {
    for (;;) {
      const job = isOpen && cancels.size < uploadsAtOnce ? waiting.shift() : undefined
      if (job?.upload === undefined) return
      let isCancelled = false
      cancels.set(job.id, () => {
        isCancelled = true
      })
      change(job.id, { delivery: "sending" })
      send(job, job.upload)
        .catch((error: unknown) => {
          if (isCancelled || !jobs.has(job.id)) return
          // Without a connection nobody can say where to send it to.
          if (!parts.isOnline()) {
            change(job.id, { delivery: "waiting" })
            waiting.unshift(job)
          } else fail(job.id, error instanceof Error ? error.message : String(error))
        })
        .finally(() => {
          cancels.delete(job.id)
          if (!waiting.includes(job)) setProgress(job.id, undefined)
          startUploads()
        })
    }
  }

  const start = (job: Job): void => {
    jobs.set(job.id, job)
    if (job.upload === undefined) return outbox.put(job)
    setProgress(job.id, { file: job.upload, sentBytes: 0 })
    waiting.push(job)
    startUploads()
  }

  const write = (place: string, text: string, upload: File | undefined): void => {
    const id = randomId()
    const entry: Said = {
      kind: "said",
      key: id,
      from: parts.ownName(),
      protocol: parts.protocol(),
      text: place.startsWith("#") ? SlashWords.plain(text, parts.ownName()) : text,
      atMillis: parts.now(),
      number: undefined,
      isOwn: true,
      file: upload && { name: upload.name, sizeBytes: upload.size, url: "" },
      delivery: "waiting",
      fault: undefined
    }
    places.value = Places.hear(places.value, place, entry, true)
    start({ id, place, text, upload })
  }

  return {
    uploads,
    say: (place, text, files) => {
      if (text.trim() !== "") write(place, text, undefined)
      for (const file of files) write(place, "", file)
    },
    retry: (key) => {
      const job = jobs.get(key)
      if (job === undefined) return
      change(key, { delivery: "waiting", fault: undefined, atMillis: parts.now() })
      start(job)
    },
    discard: (key) => {
      const job = jobs.get(key)
      if (job === undefined) return
      outbox.drop(key)
      cancels.get(key)?.()
      cancels.delete(key)
      const at = waiting.indexOf(job)
      if (at >= 0) waiting.splice(at, 1)
      setProgress(key, undefined)
      jobs.delete(key)
      places.value = Places.change(places.value, placeOf(job), ({ timeline }) => ({
        timeline: Timeline.remove(timeline, key)
      }))
    },
    recognize: (place, page) => {
      const fresh = Timeline.missing(places.value.get(place)?.timeline ?? [], page)
      const letters = outbox.unanswered().filter((letter) => letter.place === place)
      for (const [{ id }, { atMillis, file, number }] of Outbox.arrived(letters, fresh)) {
        outbox.settle(id)
        change(id, { delivery: "sent", number, atMillis, file })
        jobs.delete(id)
      }
    },
    move: (oldKey, key) => {
      for (const [from, to] of moved) if (to === oldKey) moved.set(from, key)
      moved.set(oldKey, key)
      moved.delete(key)
    },
    disown: () => {
      for (const { id } of outbox.unanswered()) {
        outbox.settle(id)
        fail(id, unknown)
      }
    },
    open: () => {
      isOpen = true
      outbox.open()
      startUploads()
    },
    close: () => {
      isOpen = false
      outbox.close()
    }
  }
}
