/** What the server says of an event in words, to peers whose protocol has no packet for it. */
import type { Event } from "./Event.ts"

/** The events that can be said, from the point of view of whom they concern; `UserJoined` of who has joined. */
export type Notable = Extract<
  Event,
  { _tag: "UserJoined" | "RoomChanged" | "RoomLeft" | "Announced" | "Noticed" | "Invited" }
>

/** One English text for an event. */
export const remark = (event: Notable): string => {
  switch (event._tag) {
    case "UserJoined":
      return `You are in ${event.room}${event.members === undefined ? "" : ` with: ${event.members.join(", ")}`}`
    case "RoomChanged":
      return `${event.room} is ${event.isPrivate ? "private" : "open to everybody"} now.`
    case "RoomLeft":
      return `You left ${event.left} and are in ${event.current} now.`
    case "Announced":
    case "Noticed":
      return event.text
    case "Invited":
      return `${event.by} has invited you to ${event.room}.`
  }
}
