import { memo } from "preact/compat"
import type { Said } from "../state/Entry.ts"
import { parts } from "../state/Links.ts"
import type { Model } from "../state/Model.ts"
import { type Row, summary } from "../state/Rows.ts"
import { FileCard } from "./FileCard.tsx"
import { dayName, Moment } from "./Moment.tsx"
import { Avatar, Badge } from "./Person.tsx"

const Text = memo(({ text }: { readonly text: string }) => (
  <p class="text">
    {parts(text).map((part) =>
      part.url === undefined ? (
        part.text
      ) : (
        <a href={part.url} target="_blank" rel="noopener noreferrer nofollow">
          {part.text}
        </a>
      )
    )}
  </p>
))

const deliveries = { waiting: "Waiting to be sent", sending: "Sending", sent: "", failed: "Not sent" } as const

const Delivery = ({ entry, model }: { readonly entry: Said; readonly model: Model }) => {
  const { delivery, fault, file, key } = entry
  if (delivery === "failed") {
    return (
      <p class="delivery failed">
        <span>
          {deliveries.failed}. {fault}
        </span>
        <button type="button" class="inline" onClick={() => model.retry(key)}>
          Send again
        </button>
        <button type="button" class="inline" onClick={() => model.discard(key)}>
          Discard
        </button>
      </p>
    )
  }
  if (delivery === "sent") return fault === undefined ? null : <p class="hint">{fault}</p>
  return file !== undefined ? null : <span class="unseen">{deliveries[delivery]}</span>
}

const SaidRow = ({ entry, isFirst, model }: { entry: Said; isFirst: boolean; model: Model }) => (
  <li class="said" data-first={isFirst} data-own={entry.isOwn} data-delivery={entry.delivery}>
    <div class="gutter">{isFirst ? <Avatar name={entry.from} /> : <Moment atMillis={entry.atMillis} isShort />}</div>
    <div class="body">
      {isFirst ? (
        <div class="by">
          <strong class="name">{entry.from}</strong>
          <Badge protocol={entry.protocol} />
          <Moment atMillis={entry.atMillis} />
        </div>
      ) : (
        <span class="unseen">{entry.from}: </span>
      )}
      {entry.text !== "" && <Text text={entry.text} />}
      {entry.file !== undefined && <FileCard entry={entry} file={entry.file} model={model} />}
      <Delivery entry={entry} model={model} />
    </div>
  </li>
)

/** One row of a conversation. */
export const MessageRow = memo(
  ({ model, row }: { readonly row: Row; readonly model: Model }) => {
    switch (row.kind) {
      case "day":
        return (
          <li class="day">
            <span>{dayName(row.atMillis, Date.now())}</span>
          </li>
        )
      case "unread":
        return (
          <li class="unread-mark">
            <span>New</span>
          </li>
        )
      case "said":
        return <SaidRow entry={row.entry} isFirst={row.isFirst} model={model} />
      case "noted":
        return (
          <li class="noted">
            <p>{row.entry.text}</p>
          </li>
        )
      case "moved":
        return row.entries.length === 1 ? (
          <li class="moved">{summary(row.entries)}</li>
        ) : (
          <li class="moved">
            <details>
              <summary>{summary(row.entries)}</summary>
              <ul>
                {row.entries.map((entry) => (
                  <li key={entry.key}>
                    <Moment atMillis={entry.atMillis} /> {summary([entry])}
                  </li>
                ))}
              </ul>
            </details>
          </li>
        )
    }
  },
  (before, after) => {
    if (before.row.kind !== after.row.kind) return false
    if (before.row.kind === "said" && after.row.kind === "said") {
      return before.row.entry === after.row.entry && before.row.isFirst === after.row.isFirst
    }
    if (before.row.kind === "moved" && after.row.kind === "moved") {
      const { entries } = after.row
      return before.row.entries.length === entries.length && before.row.entries.every((it, at) => it === entries[at])
    }
    return before.row.key === after.row.key
  }
)
