/** Events as frames, made once for all peers of a generation who are told them. */
import type { Event, Perspective } from "../../domain/Event.ts"
import { GroupFrames } from "../GroupFrames.ts"
import { Renderings } from "../Renderings.ts"
import type { Directory, Entry } from "./TsockmDirectory.ts"
import * as Events from "./TsockmEvents.ts"
import * as TsockmPacket from "./TsockmPacket.ts"
import * as Response from "./TsockmResponse.ts"

type Generation = TsockmPacket.Generation
type Frames = ReadonlyArray<Uint8Array>

/** What an event is to a peer, and its frames in the language of each generation that has asked for them. */
interface Rendered {
  readonly told: Events.Told | undefined
  7: Frames | undefined
  8: Frames | undefined
}

const noFrames: Frames = []

/** What a peer is sent of an event, none if it is told nothing, and whose news that is. */
export interface News {
  readonly author: Entry | undefined
  readonly frames: Frames
}

/** The word for an author's address, which is nobody's business. */
export const anywhere = "client"

/** The frames of what a peer is told. */
export const framesOf = (told: Events.Told, generation: Generation): Frames => {
  const author = { id: told.author.id, address: anywhere }
  if (told._tag === "Said") return Response.said(generation, author, anywhere, told.text)
  const gone = Response.gone({ generation, server: "server", client: anywhere }, author)
  return [TsockmPacket.encode(gone, generation)]
}

/** Makes the news of those in a directory, from which whoever has logged out is to go. */
export const make = (directory: Directory, nowMillis: () => number) => {
  const renderings = { actor: new Renderings<Rendered>(), witness: new Renderings<Rendered>() }

  const render = (event: Event, as: Perspective): Rendered => {
    const told = Events.tell(event, as, directory)
    if (event._tag === "UserLeft" && event.cause === "logout") directory.leave(event.user.number, nowMillis())
    return { told, 7: undefined, 8: undefined }
  }
  const renderActor = (event: Event): Rendered => render(event, "actor")
  const renderWitness = (event: Event): Rendered => render(event, "witness")
  const renderedAs = (event: Event, as: Perspective): Rendered =>
    renderings[as].of(event, as === "actor" ? renderActor : renderWitness)

  const toldOf = (rendered: Rendered, generation: Generation): News => {
    const { told } = rendered
    const frames = told === undefined ? noFrames : (rendered[generation] ??= framesOf(told, generation))
    return { author: told?.author, frames }
  }
  let last: ReadonlyArray<Event> = []
  let lastNews: Record<Generation, ReadonlyArray<News> | undefined> = { 7: undefined, 8: undefined }

  return {
    /** The news of an event. */
    of: (event: Event, as: Perspective, generation: Generation): News => toldOf(renderedAs(event, as), generation),
    /** The same for several events, for those who have seen them. */
    each: (events: ReadonlyArray<Event>, generation: Generation): ReadonlyArray<News> => {
      if (events !== last) {
        last = events
        lastNews = { 7: undefined, 8: undefined }
      }
      return (lastNews[generation] ??= events.map((event) => toldOf(render(event, "witness"), generation)))
    },
    /** The frames of several events; their variants are the generations. */
    groups: new GroupFrames<Uint8Array>((event, as, variant) => {
      const { told } = render(event, as)
      return told === undefined ? noFrames : framesOf(told, variant as Generation)
    })
  }
}
