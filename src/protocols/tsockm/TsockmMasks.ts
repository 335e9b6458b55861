/** Packets without the ids that let peers speak. */
import * as Slab from "../Slab.ts"
import type { Masks } from "../Protocol.ts"
import * as TsockmPacket from "./TsockmPacket.ts"
import type { Received } from "./TsockmRequest.ts"

const masked = "***"

/** A request without the id of who asks. */
const packet = (received: Received): Received => {
  if (received._tag === "Refused" || received.request._tag === "Connect") return received
  const { request } = received
  if (request._tag !== "LookUp" || request.target !== request.peer) {
    return { ...received, request: { ...request, peer: masked } }
  }
  return { ...received, request: { ...request, peer: masked, target: masked } }
}

/** A packet to a peer without the id that it is given at its login. */
const frame = (bytes: Uint8Array): Uint8Array => {
  const text = new TextDecoder().decode(bytes)
  const { action, body, type } = TsockmPacket.fields(text)
  const bar = body.indexOf("|")
  if (type !== "RES" || action !== "COMM" || bar < 0) return bytes
  return Slab.encode(text.slice(0, text.length - body.length) + masked + body.slice(bar))
}

/** What observers are shown of the protocol. */
export const masks: Masks<Received, Uint8Array> = { packet, frame }
