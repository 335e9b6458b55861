/** What a client of the packet protocol says, as bytes. */

/** The types of what a load reads. */
export const types = {
  cookie: 2,
  error: 3,
  delivered: 10,
  accepted: 12,
  incoming: 13,
  transfer: 16,
  chunk: 18
} as const

/** The bytes of an incoming message before its text. */
export const incomingHeadBytes = 20

/** The bytes of the answer to a message or a broadcast. */
export const acceptedBytes = 10

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const u64 = (value: number): Buffer => Buffer.concat([Buffer.alloc(4), u32(value)])

const textOf = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  return Buffer.concat([u16(bytes.length), bytes])
}

/** The session number in a cookie. */
export const sessionOf = (cookie: Buffer): Buffer => Buffer.from(cookie.subarray(10, 18))

/** The user number in a cookie. */
export const userOf = (cookie: Buffer): number => cookie.readUInt32BE(6)

export const sessionRequest = (name: string): Buffer => Buffer.concat([u16(1), textOf(name)])

export const sessionPreserve = (session: Buffer): Buffer => Buffer.concat([u16(4), session])

export const broadcast = (session: Buffer, message: number, text: string): Buffer =>
  Buffer.concat([u16(11), session, u64(message), textOf(text)])

/** Where the four low bytes of the number of a direct message are. */
export const tellNumberAt = 22

/** A message to one user. */
export const tell = (session: Buffer, user: number, message: number, text: string): Buffer =>
  Buffer.concat([u16(9), session, u64(user), u64(message), textOf(text)])

/** Confirms an incoming message. */
export const confirmation = (incoming: Buffer): Buffer => Buffer.concat([u16(14), incoming.subarray(10, 18)])

export const uploadRequest = (session: Buffer, sizeBytes: number, name: string): Buffer =>
  Buffer.concat([u16(15), session, u32(sizeBytes), textOf(name)])

export const downloadRequest = (session: Buffer, file: Buffer): Buffer => Buffer.concat([u16(15), session, file])

/** A request for a chunk, or with content one that brings it. */
export const chunkRequest = (transaction: Buffer, chunk: number, content?: Buffer): Buffer => {
  const head = [u16(17), transaction, u32(chunk)]
  return Buffer.concat(content === undefined ? head : [...head, u16(content.length), content])
}
