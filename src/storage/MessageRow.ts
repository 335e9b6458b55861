/** A message as a row of the table. */
import { Result, Schema } from "effect"
import { inPlainText, Message } from "../domain/Message.ts"

/** A row as it is written; whoever reads one has not seen yet what it holds. */
export type MessageRow = {
  readonly number: number
  readonly room_key: string | null
  readonly room_name: string | null
  readonly recipient: string | null
  readonly sender: string
  readonly protocol: string
  readonly body: string
  readonly at_millis: number
  readonly file_name: string | null
  readonly file_size_bytes: number | null
  readonly file_url: string | null
  readonly file_number: number | null
  readonly sender_id: string | null
  readonly recipient_id: string | null
}

const isStorableInteger = (number: number | undefined): boolean => number === undefined || Number.isSafeInteger(number)

/** Whether a database takes a message: it has whole numbers, and a room or an addressee. */
export const isStorable = (roomKey: string | undefined, { atMillis, attachment, number, to }: Message): boolean =>
  isStorableInteger(number) &&
  isStorableInteger(atMillis) &&
  isStorableInteger(attachment?.sizeBytes) &&
  isStorableInteger(attachment?.file) &&
  (roomKey !== undefined || to !== undefined)

/** A text as every database takes it. */
export const storableText = (text: string): string => {
  const wellFormed = text.toWellFormed()
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", "\ufffd") : wellFormed
}

const orNull = (text: string | undefined): string | null => (text === undefined ? null : storableText(text))

/** The row of a message that {@link isStorable}. */
export const fromMessage = (roomKey: string | undefined, message: Message): MessageRow => {
  const { attachment } = message
  return {
    number: message.number,
    room_key: orNull(roomKey),
    room_name: roomKey === undefined ? null : storableText(message.room ?? roomKey),
    recipient: roomKey === undefined ? orNull(message.to) : null,
    sender: storableText(message.from),
    protocol: storableText(message.protocol),
    body: storableText(message.text),
    at_millis: message.atMillis,
    file_name: orNull(attachment?.name),
    file_size_bytes: attachment?.sizeBytes ?? null,
    file_url: orNull(attachment?.url),
    file_number: attachment?.file ?? null,
    sender_id: message.userId ?? null,
    recipient_id: roomKey === undefined ? (message.toId ?? null) : null
  }
}

const decode = Schema.decodeUnknownResult(Message)

/** The message of a row, in plain text whoever has written it, or undefined if it is of none: somebody else has written it. */
export const toMessage = (row: MessageRow): Message | undefined => {
  const file = row.file_number === null ? undefined : { file: row.file_number }
  const decoded = decode({
    number: row.number,
    from: row.sender,
    ...(row.sender_id === null ? undefined : { userId: row.sender_id }),
    protocol: row.protocol,
    text: row.body,
    atMillis: row.at_millis,
    ...(row.room_name === null ? undefined : { room: row.room_name }),
    ...(row.recipient === null ? undefined : { to: row.recipient }),
    ...(row.recipient_id === null ? undefined : { toId: row.recipient_id }),
    ...(row.file_name === null
      ? undefined
      : { attachment: { name: row.file_name, sizeBytes: row.file_size_bytes, url: row.file_url, ...file } })
  })
  return Result.getOrUndefined(Result.map(decoded, inPlainText))
}
