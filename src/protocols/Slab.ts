/**
 * Memory for small frames, cut from larger pieces one behind another.
 *
 * - An array of more than 64 bytes has memory outside of the engine's heap. To get that for each frame costs several times
 *   what it costs to write the frame.
 * - Whoever keeps a frame keeps the piece it is cut from. So pieces are small, and nothing is cut from them but frames and
 *   fields of frames: what waits never keeps more than all that went through meanwhile.
 */

const pieceBytes = 4096
/** What is larger has memory of its own. */
const frameLimitBytes = 2048
/** What is no larger has its memory in the engine's heap. */
const heapBytes = 64

const encoder = new TextEncoder()

// Nobody can tell what is in it: a byte that has been given away is never given away again.
const free = { piece: new Uint8Array(pieceBytes), at: 0 }

const makeRoom = (sizeBytes: number): void => {
  if (free.at + sizeBytes <= pieceBytes) return
  free.piece = new Uint8Array(pieceBytes)
  free.at = 0
}

/** So many bytes, all of them zero, that nobody else has. */
export const take = (sizeBytes: number): Uint8Array => {
  if (sizeBytes <= heapBytes || sizeBytes > frameLimitBytes) return new Uint8Array(sizeBytes)
  makeRoom(sizeBytes)
  const from = free.at
  free.at += sizeBytes
  return free.piece.subarray(from, free.at)
}

/** A text in UTF-8; lone surrogates, which have none, become U+FFFD. */
export const encode = (text: string): Uint8Array => {
  const roomBytes = text.length * 3
  if (roomBytes > frameLimitBytes) return encoder.encode(text)
  makeRoom(roomBytes)
  const from = free.at
  free.at += encoder.encodeInto(text, free.piece.subarray(from)).written
  return free.piece.subarray(from, free.at)
}
