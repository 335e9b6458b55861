import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks"
import type { Model } from "../state/Model.ts"
import type { Place } from "../state/Place.ts"
import { rows } from "../state/Rows.ts"
import { Icon } from "./Icon.tsx"
import { MessageRow } from "./MessageRow.tsx"

// How near to an end counts as being there, in pixels.
const nearBottom = 48
const nearTop = 600

/**
 * What is said in one place.
 *
 * What one reads stays where it is: older messages come above it without moving it, newer ones move it only for those
 * who read at the end.
 */
export const MessageList = ({ model, place }: { readonly model: Model; readonly place: Place }) => {
  const box = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLOListElement>(null)
  const isAtEnd = useRef(true)
  const last = useRef({ height: 0, shownHeight: 0 })
  const lastFirst = useRef("")
  const [newCount, setNewCount] = useState(0)
  const seenEnd = useRef<string | undefined>(undefined)
  const shown = useMemo(() => rows(place.timeline, place.firstUnread), [place.timeline, place.firstUnread])
  const firstKey = place.timeline[0]?.key ?? ""
  const endKey = place.timeline.at(-1)?.key

  const remember = () => {
    const { current } = box
    if (current === null) return
    last.current = { height: current.scrollHeight, shownHeight: current.clientHeight }
  }

  const toEnd = () => {
    isAtEnd.current = true
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight
    setNewCount(0)
    remember()
  }

  const fill = () => {
    const { current } = box
    if (current !== null && current.scrollTop < nearTop && place.hasOlder) void model.loadOlder()
  }

  useLayoutEffect(() => {
    const { current } = box
    if (current === null) return
    const before = last.current
    const isPrepended = lastFirst.current !== "" && lastFirst.current !== firstKey
    lastFirst.current = firstKey
    // Whoever has scrolled just now is not told of it yet.
    isAtEnd.current &&= before.height - current.scrollTop - before.shownHeight < nearBottom
    if (isAtEnd.current) current.scrollTop = current.scrollHeight
    else if (isPrepended) current.scrollTop += current.scrollHeight - before.height
    remember()
  }, [shown])

  // Whoever opens a place with unread messages begins where they begin.
  useLayoutEffect(() => {
    const mark = box.current?.querySelector(".unread-mark")
    if (mark === null || mark === undefined || box.current === null) return
    const { bottom, top } = mark.getBoundingClientRect()
    const shownBox = box.current.getBoundingClientRect()
    // `scrollIntoView` would move whatever else can be scrolled too.
    box.current.scrollTop += (top + bottom - shownBox.top - shownBox.bottom) / 2
    const { clientHeight, scrollHeight, scrollTop } = box.current
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < nearBottom
    remember()
  }, [])

  useEffect(() => {
    const entry = place.timeline.at(-1)
    if (seenEnd.current !== undefined && endKey !== seenEnd.current && entry?.kind === "said") {
      if (entry.isOwn) toEnd()
      else if (!isAtEnd.current) setNewCount((count) => count + 1)
    }
    seenEnd.current = endKey
  }, [endKey])

  useEffect(fill, [place.timeline, place.isCurrent, place.hasOlder])

  // The composer grows, screens turn, keyboards come up.
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight
      remember()
    })
    if (box.current !== null) observer.observe(box.current)
    if (list.current !== null) observer.observe(list.current)
    return () => observer.disconnect()
  }, [])

  const scrolled = () => {
    const { current } = box
    if (current === null) return
    isAtEnd.current = current.scrollHeight - current.scrollTop - current.clientHeight < nearBottom
    if (isAtEnd.current && newCount > 0) setNewCount(0)
    remember()
    fill()
  }

  return (
    <div class="messages">
      <div
        class="scroller"
        ref={box}
        role="log"
        aria-label={`Messages ${place.kind === "room" ? "in" : "with"} ${place.name}`}
        aria-busy={!place.isCurrent || model.isLoading.value}
        tabIndex={0}
        onScroll={scrolled}
      >
        <p class="beginning">
          {place.hasOlder
            ? model.isLoading.value || !place.isCurrent
              ? "Loading…"
              : ""
            : place.kind === "room"
              ? `This is where ${place.name} begins.`
              : "Direct messages are kept on this page alone."}
        </p>
        <ol ref={list}>
          {shown.map((row) => (
            <MessageRow key={row.key} row={row} model={model} />
          ))}
        </ol>
      </div>
      {newCount > 0 && (
        <button type="button" class="pill" onClick={toEnd}>
          <Icon name="down" />
          {newCount === 1 ? "1 new message" : `${newCount} new messages`}
        </button>
      )}
    </div>
  )
}
