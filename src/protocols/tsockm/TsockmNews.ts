/** Events as frames, made once for all peers of a generation who are told them. */
import type { Event, Perspective } from "../../domain/Event.ts"
import { GroupFrames } from "../GroupFrames.ts"
import { Renderings } from "../Renderings.ts"
import type { Directory, Entry } from "./TsockmDirectory.ts"
import * as Events from "./TsockmEvents.ts"
import * as TsockmPacket from "./TsockmPacket.ts"
import * as TsockmText from "./TsockmText.ts"
import * as Response from "./TsockmResponse.ts"

type Generation = TsockmPacket.Generation
type Frames = ReadonlyArray<Uint8Array>

/** How a peer is told something: 0 and 1 in packets of 7 and 8 fields, 2 and 3 the same, for peers that may be originals. */
export type Variant = 0 | 1 | 2 | 3

const variants = { 7: [0, 2], 8: [1, 3] } as const

/** The variant of a peer that has asked for this generation. */
export const variantOf = (generation: Generation, isOriginal: boolean): Variant =>
  variants[generation][isOriginal ? 1 : 0]

type Cells<A> = Array<A | undefined>

/** What an event is to a peer, and its frames in each variant that has been asked for. */
interface Rendered {
  readonly told: Events.Told | undefined
  readonly frames: Cells<Frames>
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
export const framesOf = (told: Events.Told, variant: Variant): Frames => {
  const generation = variant % 2 === 0 ? 7 : 8
  const author = { id: told.author.id, address: anywhere }
  if (told._tag === "Said") {
    if (variant < 2) return Response.said(generation, author, anywhere, told.text)
    const texts = told.apart ?? [told.text]
    return texts.flatMap((text) => Response.said(generation, author, anywhere, TsockmText.shown(text)))
  }
  const gone = Response.gone({ generation, server: "server", client: anywhere }, author)
  return [TsockmPacket.encode(gone, generation)]
}

/** Makes the news of those in a directory, from which whoever has logged out is to go. */
export const make = (directory: Directory, nowMillis: () => number) => {
  const renderings = { actor: new Renderings<Rendered>(), witness: new Renderings<Rendered>() }

  const render = (event: Event, as: Perspective): Rendered => {
    const told = Events.tell(event, as, directory)
    if (event._tag === "UserLeft" && event.cause === "logout") directory.leave(event.user.number, nowMillis())
    return { told, frames: [] }
  }
  const renderActor = (event: Event): Rendered => render(event, "actor")
  const renderWitness = (event: Event): Rendered => render(event, "witness")
  const renderedAs = (event: Event, as: Perspective): Rendered =>
    renderings[as].of(event, as === "actor" ? renderActor : renderWitness)

  const toldOf = ({ frames, told }: Rendered, variant: Variant): News =>
    told === undefined
      ? { author: undefined, frames: noFrames }
      : { author: told.author, frames: (frames[variant] ??= framesOf(told, variant)) }
  let last: ReadonlyArray<Event> = []
  let lastNews: Cells<ReadonlyArray<News>> = []

  return {
    /** The news of an event. */
    of: (event: Event, as: Perspective, variant: Variant): News => toldOf(renderedAs(event, as), variant),
    /** The same for several events, for those who have seen them. */
    each: (events: ReadonlyArray<Event>, variant: Variant): ReadonlyArray<News> => {
      if (events !== last) {
        last = events
        lastNews = []
      }
      return (lastNews[variant] ??= events.map((event) => toldOf(render(event, "witness"), variant)))
    },
    /** The frames of several events; their variants are {@link Variant}. */
    groups: new GroupFrames<Uint8Array>((event, as, variant) => {
      const { told } = render(event, as)
      return told === undefined ? noFrames : framesOf(told, variant as Variant)
    })
  }
}
