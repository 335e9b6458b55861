/**
 * All peers of TsockM, whatever connections their packets come by.
 *
 * - A peer is known by its secret id, which is taken from the address of its communication socket alone.
 * - Others know it by a public id; so they do everybody else, whatever protocol they speak.
 */
import { type Event, type IsActor, type Perspective, perspective, type SharedEvent } from "../../domain/Event.ts"
import type { HangupReason } from "../../domain/Hangup.ts"
import { explain, type Rejection } from "../../domain/Rejection.ts"
import type { Send, SendAll } from "../Exchange.ts"
import { pacedFactor } from "../Backlog.ts"
import type { Link } from "../Link.ts"
import type { ImmediateStep, Steps as ProtocolSteps } from "../Step.ts"
import * as Directory from "./TsockmDirectory.ts"
import * as Endings from "./TsockmEndings.ts"
import * as Events from "./TsockmEvents.ts"
import * as News from "./TsockmNews.ts"
import * as TsockmPacket from "./TsockmPacket.ts"
import * as Peer from "./TsockmPeer.ts"
import type { ErrorAnswer, Request } from "./TsockmRequest.ts"
import * as Response from "./TsockmResponse.ts"
import { address } from "./TsockmText.ts"

type PeerLink = Link<Uint8Array>
type Steps = ProtocolSteps<Uint8Array, Peer.Peer>
type ImmediateSteps = ReadonlyArray<ImmediateStep<Uint8Array, Peer.Peer>>
type Generation = TsockmPacket.Generation

/** What an exchange needs to know. */
export interface Settings {
  readonly nowMillis: () => number
  /** Makes an id that nobody can guess. */
  readonly makeId: () => string
  readonly makeSignature: () => string
  /** The least time between two packets to a peer, which may be an original; 0 for none, and no holds. */
  readonly gapMillis: number
  /** How many bytes may wait for a peer that does not take what it is sent, and {@link pacedFactor} times as many for others. */
  readonly queueLimitBytes: number
  /** How long it is known who was behind the id of somebody who has gone. */
  readonly graceMillis: number
  /** How often peers are asked for a sign of life; 0 for never. */
  readonly checkMillis: number
}

const nothing: ImmediateSteps = []
const notAllowed: ErrorAnswer = { action: "MSG", status: 405, text: TsockmPacket.statusNames[405] }

const variantOf = (peer: Peer.Peer): News.Variant => News.variantOf(peer.generation, Peer.isOriginal(peer))

/** The word for a peer that has no id, by which a communication socket may speak for itself. */
const itself = "client"

/**
 * Makes an exchange without peers.
 *
 * @see PROTOCOL.md §§ 6-9, 11-13
 */
export const make = (settings: Settings) => {
  const { checkMillis, gapMillis, makeId, makeSignature, nowMillis, queueLimitBytes } = settings
  const bySecret = new Map<string, Peer.Peer>()
  const byLink = new Map<string, Peer.Peer>()
  /** Connections that have named a peer. */
  const known = new Set<string>()
  const directory = Directory.make(makeId, makeSignature, settings.graceMillis)
  const endings = Endings.make()
  let checkedAtMillis = nowMillis()
  const news = News.make(directory, nowMillis)

  const endsOf = (link: PeerLink, generation: Generation): Response.Ends => ({
    generation,
    server: link.local === undefined ? "server" : address(link.local.address, link.local.port, "server"),
    client: link.port === undefined ? "client" : address(link.address, link.port, "client")
  })

  const send = (link: PeerLink, generation: Generation, packet: TsockmPacket.Packet): ImmediateSteps => [
    { _tag: "Send", link, frame: TsockmPacket.encode(packet, generation) }
  ]
  const fail = (link: PeerLink, generation: Generation, answer: ErrorAnswer): ImmediateSteps =>
    // An error on a communication socket would end its client.
    byLink.has(link.id) ? nothing : send(link, generation, Response.failure(endsOf(link, generation), answer))

  const notFound = (link: PeerLink, generation: Generation, action: "MSG" | "GET_PEER"): ImmediateSteps =>
    fail(link, generation, { action, status: 404, text: "peer not found" })

  const peerSettings: Peer.Settings = {
    gapMillis,
    nowMillis,
    notice: (text, peer) => {
      const told = Events.notice(directory, text)
      return { frames: News.framesOf(told, variantOf(peer)), mark: told.author }
    }
  }

  /** Sends what may be sent of what waits for a peer, or ends it if that is too much. */
  const sendOn = (peer: Peer.Peer): ImmediateSteps => {
    const steps = Peer.pump(peer)
    const limitBytes = queueLimitBytes * (peer.link.outbox?.isStuck === true ? 1 : pacedFactor)
    return Peer.queuedBytes(peer) > limitBytes ? [...steps, ...hangUp(peer, "slow")] : steps
  }

  const post = (peer: Peer.Peer, frames: ReadonlyArray<Uint8Array>, about?: Directory.Entry): ImmediateSteps => {
    if (!peer.isOpen || peer.isStopping) return nothing
    Peer.push(peer, frames, about)
    return sendOn(peer)
  }

  const deliver = (peer: Peer.Peer, event: Event, as: Perspective, send: Send<Uint8Array>): ImmediateSteps => {
    if (event._tag === "ServerStopping") {
      // Its last words must not be taken for the answer to a question about something else.
      peer.isStopping = true
      Peer.clear(peer)
    }
    if (!peer.isOpen || peer.isStopping) return nothing
    const { author, frames } = news.of(event, as, variantOf(peer))
    if (frames.length === 0) return nothing
    if (!Peer.takesAll(peer)) {
      Peer.push(peer, frames, author, event, as)
      return sendOn(peer)
    }
    for (let index = 0; index < frames.length; index++) send(peer.link, frames[index]!)
    return nothing
  }

  const deliverAll = (
    peer: Peer.Peer,
    events: ReadonlyArray<SharedEvent>,
    isActor: IsActor,
    send: SendAll<Uint8Array>
  ): boolean => {
    if (!peer.isOpen || peer.isStopping) return true
    if (Peer.takesAll(peer)) {
      send(peer.link, news.groups.of(events, variantOf(peer), isActor)!)
      return true
    }
    const variant = variantOf(peer)
    const all = news.each(events, variant)
    for (let index = 0; index < events.length; index++) {
      const as = perspective(isActor, index)
      const { author, frames } = as === "witness" ? all[index]! : news.of(events[index]!, as, variant)
      Peer.push(peer, frames, author, events[index], as)
    }
    const frames = Peer.pump(peer).flatMap((step) => (step._tag === "Send" ? [step.frame] : []))
    if (frames.length > 0) send(peer.link, frames)
    return true
  }

  const end = (peer: Peer.Peer, why: string): ImmediateSteps => {
    if (!peer.isOpen) return nothing
    peer.isOpen = false
    Peer.clear(peer)
    if (peer.number !== undefined) directory.leave(peer.number, nowMillis())
    return [{ _tag: "Logout", key: peer, why }]
  }

  const hangUp = (peer: Peer.Peer, reason: HangupReason): ImmediateSteps =>
    peer.isOpen ? [...endings.begin(peer, true, nowMillis()), ...end(peer, reason)] : nothing

  const logIn = (link: PeerLink, generation: Generation, name: string): Steps => {
    if (byLink.has(link.id)) return nothing
    const ends = endsOf(link, generation)
    const peer = Peer.make(makeId(), link, ends, peerSettings)
    // At once: what comes behind the login in the same read is this peer's, too.
    byLink.set(link.id, peer)
    return [
      {
        _tag: "Login",
        key: peer,
        link,
        name,
        accepted: (user) => {
          if (byLink.get(link.id) !== peer) return [{ _tag: "Logout", key: peer, why: "its connection is closed" }]
          const entry = directory.of(user.number, user.name)
          peer.number = user.number
          peer.entry = entry
          bySecret.set(peer.secret, peer)
          const welcome = Response.welcome(ends, peer.secret, entry.name, entry.signature)
          return [...send(link, generation, welcome), ...Peer.release(peer)]
        },
        refused: (rejection) => {
          peer.isOpen = false
          byLink.delete(link.id)
          const answer: ErrorAnswer = { action: "COMM", status: 400, text: explain(rejection) }
          return [...fail(link, generation, answer), { _tag: "Hangup", link, reason: "done" }]
        }
      }
    ]
  }

  /**
   * The peer of a secret id that came by this connection; a communication socket may also speak for itself.
   *
   * Until its connection is closed also one that has left, for it still asks who has said what it was sent.
   */
  const find = (link: PeerLink, id: string): Peer.Peer | undefined => {
    const own = byLink.get(link.id)
    const peer = own !== undefined && id === itself ? own : bySecret.get(id)
    if (peer === undefined || peer.link.address !== link.address) return undefined
    known.add(link.id)
    return peer
  }

  const say = (link: PeerLink, generation: Generation, peer: Peer.Peer, text: string): Steps => {
    const isOneShot = link.id !== peer.link.id
    const refused = (rejection: Rejection): Steps => {
      if (rejection._tag === "NotLoggedIn") return fail(link, generation, notAllowed)
      const status = rejection._tag === "StorageFailed" ? 502 : 400
      const notice = Events.notice(directory, explain(rejection))
      // The one-shot has usually gone away; the peer is told where it listens.
      return [
        ...fail(link, generation, { action: "MSG", status, text: explain(rejection) }),
        ...post(peer, News.framesOf(notice, variantOf(peer)), notice.author)
      ]
    }
    const replied = (): Steps =>
      isOneShot && generation === 8 && peer.entry !== undefined
        ? send(link, generation, Response.acknowledgement({ id: peer.entry.id, address: News.anywhere }))
        : nothing
    return [{ _tag: "Run", key: peer, command: { _tag: "Say", text }, whenStored: true, replied, refused }]
  }

  const lookUp = (peer: Peer.Peer, target: string): ImmediateSteps => {
    const { ends, generation, link } = peer
    const entry = target === peer.secret ? peer.entry : directory.find(target)
    const answer = entry === undefined ? Response.peerNotFound(ends) : Response.peer(ends, entry.name, entry.signature)
    return [...send(link, generation, answer), ...Peer.release(peer)]
  }

  const receive = (link: PeerLink, request: Request, generation: Generation): Steps => {
    if (request._tag === "Connect") return logIn(link, generation, request.name)
    const peer = find(link, request.peer)
    switch (request._tag) {
      case "Say":
        if (peer?.isOpen === true) return say(link, generation, peer, request.text)
        return request.peer === itself ? fail(link, generation, notAllowed) : notFound(link, generation, "MSG")
      case "LookUp":
        return peer === undefined ? notFound(link, generation, "GET_PEER") : lookUp(peer, request.target)
      case "Leave":
        if (peer?.isOpen !== true) return nothing
        return [...endings.begin(peer, false, nowMillis()), ...end(peer, "it said goodbye")]
      case "Alive":
        return nothing
    }
  }

  const check = (peer: Peer.Peer): ImmediateSteps =>
    post(peer, [TsockmPacket.encode(Response.check(peer.ends), peer.generation)])

  return {
    receive,
    fail,
    deliver,
    deliverAll,
    hangUp,
    /** Asks a peer for a sign of life. */
    check,
    /** Whether a connection is a peer's, or has named one. */
    isKnown: (link: PeerLink): boolean => byLink.has(link.id) || known.has(link.id),
    closed: (link: PeerLink): ImmediateSteps => {
      const peer = byLink.get(link.id)
      byLink.delete(link.id)
      known.delete(link.id)
      endings.forget(link.id)
      if (peer === undefined) return nothing
      bySecret.delete(peer.secret)
      return end(peer, "its connection is closed")
    },
    /** What is said on a connection that the server ends; to be asked before it is `closed`. */
    farewell: (link: PeerLink): ReadonlyArray<Uint8Array> => {
      const peer = byLink.get(link.id)
      if (peer?.isOpen !== true) return []
      const { about, ends, generation } = peer
      // What it waits for comes first, or it would take its end for that.
      const answer = about === undefined ? [] : [Response.peer(ends, about.name, about.signature)]
      return [...answer.map((it) => TsockmPacket.encode(it, generation)), ...Endings.frames(peer, true)]
    },
    sweep: (): ImmediateSteps => {
      const now = nowMillis()
      directory.sweep(now)
      const steps: Array<ImmediateStep<Uint8Array, Peer.Peer>> = []
      for (const peer of byLink.values()) {
        Peer.expire(peer)
        steps.push(...sendOn(peer))
      }
      steps.push(...endings.sweep(now))
      if (checkMillis > 0 && now - checkedAtMillis >= checkMillis) {
        checkedAtMillis = now
        for (const peer of bySecret.values()) steps.push(...check(peer))
      }
      return steps
    },
    queuedBytes: Peer.queuedBytes,
    linkOf: ({ link }: Peer.Peer): PeerLink => link
  }
}

/** All peers of the protocol. */
export type TsockmExchange = ReturnType<typeof make>
