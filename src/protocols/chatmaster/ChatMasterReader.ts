/**
 * Reads what a client of ChatMaster sends.
 *
 * - Where a package ends its own bytes say, so silence ends none, and one that is cut off is none.
 * - Behind what is {@link Packet.Unreadable} nothing is read any more.
 */
import { Option, Result, Schema } from "effect"
import { Credential } from "../../domain/Credential.ts"
import type { Reader } from "../Reader.ts"
import * as Packet from "./ChatMasterPacket.ts"
import * as Compression from "./Compression.ts"

/** What packages may be if nothing is said. */
export const defaultLimits: Compression.Limits = {
  limitBytes: 1_048_576,
  inflatedLimitBytes: 1_048_576,
  depthLimit: 32,
  valueLimit: 10_000
}

const decodePackage = Schema.decodeUnknownOption(Packet.ClientPackage)
const decodeEnvelope = Schema.decodeUnknownOption(
  Schema.Struct({ type: Schema.String, data: Schema.optionalKey(Schema.Unknown) })
)
const decodeParameters = Schema.decodeUnknownOption(Packet.Parameters)

const decodeCredential = Schema.decodeUnknownOption(Credential)

const nothing: ReadonlyArray<Packet.Received> = []
const noParameters: Packet.Parameters = {}

// From here on nobody sees what the password is. One that is `null` is none.
const withoutPassword = (given: Packet.Parameters): Pick<Packet.Command, "credential" | "parameters"> => {
  if (typeof given === "string" || !Object.hasOwn(given, "password")) {
    return { parameters: given }
  }
  const { password, ...parameters } = given
  if (password === null) return { parameters }
  return { parameters, credential: Option.getOrElse(decodeCredential(password), () => "wrong" as const) }
}

/** What is wrong with a package of this type. */
const complaint = (type: string): string => {
  switch (type) {
    case "message":
      return "The data of a message has a string called message."
    case "command":
      return "The data of a command has a string called command."
    default:
      return "A client sends packages of type message and command."
  }
}

/** The package that JSON is if the letter case of its type does not matter, or what is wrong with it. */
const decodeLeniently = (json: unknown): Packet.ClientPackage | string => {
  const envelope = Option.getOrUndefined(decodeEnvelope(json))
  if (envelope === undefined) return "A package has a type and data."
  const type = envelope.type.toLowerCase()
  return Option.getOrElse(decodePackage({ type, data: envelope.data }), () => complaint(type))
}

/**
 * Decodes the text of one package.
 *
 * @see PROTOCOL.md § 4
 */
export const decode = ({ container, isSpaced, text }: Compression.Package): Packet.Received => {
  const json = Result.try((): unknown => JSON.parse(text))
  if (Result.isFailure(json)) {
    return { _tag: "Unreadable", reason: "malformed", detail: "Cannot read package: it is not JSON.", container }
  }
  const usual = decodePackage(json.success)
  const decoded = Option.isSome(usual) ? usual.value : decodeLeniently(json.success)
  if (typeof decoded === "string") return { _tag: "Misshapen", detail: decoded, container, isSpaced }
  const { data, type } = decoded
  if (type === "message") {
    return { _tag: "Message", text: data.message, hasUsername: "username" in data, container, isSpaced }
  }
  const { command, parameter, parameters } = data
  return {
    _tag: "Command",
    command,
    ...withoutPassword(Option.getOrElse(decodeParameters(parameters ?? parameter ?? noParameters), () => noParameters)),
    hasParameters: "parameters" in data,
    container,
    isSpaced
  }
}

/** Makes a reader that stands before a first package. */
export const make = (limits: Compression.Limits = defaultLimits): Reader<Uint8Array, Packet.Received> => {
  const compression = Compression.make(limits)
  let isOver = false

  const readPackages = (bytes: Uint8Array, inflatedLimitBytes?: number): ReadonlyArray<Packet.Received> => {
    if (isOver) return nothing
    const { failure, packages } = compression.read(bytes, inflatedLimitBytes)
    const received: Array<Packet.Received> = []
    for (const each of packages) {
      const packet = decode(each)
      received.push(packet)
      isOver = packet._tag === "Unreadable"
      if (isOver) return received
    }
    if (failure !== undefined) {
      isOver = true
      received.push({ _tag: "Unreadable", reason: failure.reason, detail: failure.detail, container: undefined })
    }
    return received
  }

  return {
    read: (bytes) => readPackages(bytes),
    readWithin: (bytes, inflatedLimitBytes) => ({
      packets: readPackages(bytes, inflatedLimitBytes),
      inflatedBytes: compression.inflatedBytes()
    })
  }
}
