/** What a scripted client of any protocol does, and what it goes by. */
import { Data, Effect, Stream } from "effect"
import { Attachments } from "../../services/Attachments.ts"
import { Links } from "../../services/Links.ts"
import * as Deadline from "../Deadline.ts"
import * as FrameText from "../FrameText.ts"
import type * as Peer from "../Peer.ts"

/** Something that a client asked for was refused, by these words. */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/** How what a client does can fail. */
export type Failure = Refused | Deadline.NothingCame

/** A message, as a client of its protocol sees it. What the server says itself is from `Server`. */
export interface Heard {
  readonly from: string
  readonly text: string
}

/** Whether a message of `from` is one that a client called `own` waits for: by a `wanted` user, or by any but itself. */
export const isWanted = (wanted: string | undefined, from: string, own: string): boolean =>
  wanted === undefined ? from !== "Server" && from !== own : from === wanted

/** What a client of any protocol can do. */
export interface Speaker {
  /** Logs in, and waits for the welcome. */
  readonly login: (name: string) => Effect.Effect<void, Failure>
  /** Says something in its room, and waits for nothing. */
  readonly say: (text: string) => Effect.Effect<void, Failure>
  /** The next message of another user, or of whoever is named; `Server` is one of them. */
  readonly hear: (from?: string) => Effect.Effect<Heard, Failure>
  /** Enters a room, and waits until it is there. */
  readonly join: (room: string) => Effect.Effect<void, Failure>
  /** Shares a file in its room, and waits until the server has it; absent where the protocol has no way to. */
  readonly sendFile?: (name: string, content: Uint8Array) => Effect.Effect<void, Failure>
  /** Fetches the file of that name which was shared with it. */
  readonly fetchFile: (name: string) => Effect.Effect<Uint8Array, Failure>
  /** Goes, and waits until the server is done with the connection. */
  readonly leave: Effect.Effect<void, Failure>
}

/**
 * A client in memory, which lives on a TestClock.
 *
 * What it waits for it waits for as {@link Deadline.within} does; what came meanwhile is kept until it is asked for.
 */
export interface Client<In, Frame, Packet> extends Speaker {
  /** The connection, to send bytes by hand, stall or look at what was written. Nobody else takes its frames. */
  readonly peer: Peer.Peer<In, Frame>
  /** What `pick` makes of the first packet for which that is neither undefined nor false; `what` is said if none comes. */
  readonly find: <A>(pick: (packet: Packet) => A | undefined | false, what: string) => Effect.Effect<A, Failure>
}

/** One that can send files. */
export interface SendingClient<In, Frame, Packet> extends Client<In, Frame, Packet> {
  readonly sendFile: NonNullable<Speaker["sendFile"]>
}

/** Takes packets of frames as they come; those that nobody asked for yet are kept in order. */
export const finder = <In, Frame, Packet>(
  name: string,
  peer: Peer.Peer<In, Frame>,
  read: (frame: Frame) => Effect.Effect<ReadonlyArray<Packet>>
): Client<In, Frame, Packet>["find"] => {
  const kept: Array<Packet> = []
  return (pick, what) => {
    let seen = 0
    const look = Effect.gen(function* () {
      for (;;) {
        for (; seen < kept.length; seen++) {
          const picked = pick(kept[seen]!)
          if (picked === undefined || picked === false) continue
          kept.splice(seen, 1)
          return picked
        }
        kept.push(...(yield* read(yield* peer.take)))
      }
    })
    const waiting = () => {
      const came = kept.length === 0 ? "nothing came" : `there came ${FrameText.list(kept).join("; ")}`
      return `for which a client of ${name} waited (${came})`
    }
    return Deadline.within(look, () => `${what}, ${waiting()},`).pipe(
      Effect.catchTag(
        "PeerGone",
        () => new Deadline.NothingCame({ message: `the connection ended before ${what}, ${waiting()}` })
      )
    )
  }
}

/** A client that waits until the server is done with it. */
export const leaving = <In, Frame>(peer: Peer.Peer<In, Frame>): Effect.Effect<void, Deadline.NothingCame> =>
  Effect.andThen(
    peer.leave,
    Deadline.within(peer.over, () => "the end of a connection")
  )

/** Where the files of a chat are, if nobody serves them: an address for links, at which clients in memory find them. */
const address = "http://chat.test"

/** The bytes of stored files, for those whose protocol has no way to fetch them but a link. */
export const files = Effect.gen(function* () {
  const attachments = yield* Attachments
  const links = yield* Links
  if (links.baseUrl() === "") links.serveAt(address)

  const content = (file: Parameters<typeof attachments.read>[0]): Effect.Effect<Uint8Array, Refused> =>
    Stream.runCollect(attachments.read(file)).pipe(
      Effect.map((pieces) => new Uint8Array(Buffer.concat(pieces))),
      Effect.catch(() => new Refused({ message: "the file cannot be read" }))
    )
  return {
    /** The content of a stored file. */
    byNumber: (number: number): Effect.Effect<Uint8Array, Refused> =>
      Effect.matchEffect(attachments.find(number), {
        onFailure: () => new Refused({ message: "the file cannot be read" }),
        onSuccess: (file) => (file === undefined ? new Refused({ message: "there is no such file" }) : content(file))
      }),
    /** The same of the file behind a link. */
    byLink: (link: string): Effect.Effect<Uint8Array, Refused> =>
      Effect.matchEffect(attachments.findById(/\/files\/([^/]+)\//.exec(link)?.[1] ?? ""), {
        onFailure: () => new Refused({ message: "the file cannot be read" }),
        onSuccess: (file) => (file === undefined ? new Refused({ message: "there is no such file" }) : content(file))
      })
  }
})

/** The link in a text to a file of a name; undefined if there is none. */
export const linkOf = (text: string, name: string): string | undefined =>
  text.match(/https?:\/\/[^\s\]]+/g)?.find((link) => link.endsWith(`/${encodeURIComponent(name)}`))

/** What connects a client, and logs it in by a name. */
export const entering =
  <C extends Speaker, E, R>(connect: Effect.Effect<C, E, R>) =>
  (name: string): Effect.Effect<C, E | Failure, R> =>
    Effect.tap(connect, (client) => client.login(name))
