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

const counted = (count: number, one: string, several: string): string => `${count} ${count === 1 ? one : several}`

/** One English text for messages, and news of who came and went, that a peer is not told because they came too fast for it. */
export const leftOut = (messageCount: number, presenceCount: number): string => {
  const messages = messageCount === 0 ? [] : [counted(messageCount, "message", "messages")]
  const presence = presenceCount === 0 ? [] : [counted(presenceCount, "notice of", "notices of") + " who came or went"]
  const verb = messageCount + presenceCount === 1 ? "was" : "were"
  return `${[...messages, ...presence].join(" and ")} ${verb} left out here, because more came than can be sent to you in time. /history shows what was said, /who who is here.`
}
