import { Schema } from "effect"
import { RoomName, UserName } from "./Names.ts"
import { plainText } from "./PlainText.ts"
import { UserId } from "./UserId.ts"

/**
 * What a wire protocol is called: 1 to 32 lower-case letters, digits and hyphens, the first of them a letter. The set is
 * open, for whoever embeds the server may serve protocols of his own.
 */
export const ProtocolName = Schema.String.check(
  Schema.isPattern(/^[a-z][a-z0-9-]{0,31}$/u, { expected: "a protocol name" })
).pipe(Schema.brand("ProtocolName"))
export type ProtocolName = typeof ProtocolName.Type

/** The name for users of no wire protocol, which the program plays itself. */
export const embedded = ProtocolName.make("embedded")

/**
 * A file that goes with a message: what it is called, its size in bytes and where it can be fetched, which is empty when
 * nothing serves it. `file` is its number if this server has its content.
 */
export const Attachment = Schema.Struct({
  name: Schema.String,
  sizeBytes: Schema.Int,
  url: Schema.String,
  file: Schema.optionalKey(Schema.Int)
})
export type Attachment = typeof Attachment.Type

const inPlainWords = ({ name, url, ...rest }: Attachment): Attachment => ({
  ...rest,
  name: plainText(name),
  url: plainText(url)
})

/** The same with its text, and what the attachment says of itself, in plain text. */
export const inPlainText = <A extends { readonly text: string; readonly attachment?: Attachment }>(said: A): A => {
  const { attachment } = said
  const text = plainText(said.text)
  if (attachment !== undefined) return { ...said, text, attachment: inPlainWords(attachment) }
  return text === said.text ? said : { ...said, text }
}

/** An attachment in words, for protocols that have no files: its name, its size, its sender, and where to fetch it. */
export const describe = ({ name, sizeBytes, url }: Attachment, from?: string): string =>
  `${name} (${sizeBytes} bytes)${from === undefined ? "" : ` from ${from}`}${url === "" ? "" : `: ${url}`}`

/** A text with its attachment in words behind it, on a line of its own if there is a text. */
export const inWords = (text: string, attachment: Attachment | undefined): string => {
  if (attachment === undefined) return text
  return text === "" ? describe(attachment) : `${text}\n${describe(attachment)}`
}

/**
 * What was said, in a room or (with `to`) to one user. Numbers rise and never repeat. Names may be had by others later; who
 * had them then `userId` and `toId` say, which messages lack that older programs have stored.
 */
export const Message = Schema.Struct({
  number: Schema.Int,
  from: UserName,
  userId: Schema.optionalKey(UserId),
  protocol: ProtocolName,
  text: Schema.String,
  atMillis: Schema.Int,
  room: Schema.optionalKey(RoomName),
  to: Schema.optionalKey(UserName),
  toId: Schema.optionalKey(UserId),
  attachment: Schema.optionalKey(Attachment)
})
export type Message = typeof Message.Type
