/**
 * Frames as one write, made once for recipients next to each other that are sent the very same frames.
 *
 * In a room most recipients of a turn are: copying the turn's frames for each of them is what a fan-out costs.
 */

/** Joins frames into the bytes of one write. */
export type SharedBatch = (frames: ReadonlyArray<Uint8Array>) => Uint8Array

/** Makes a batch that remembers the last frames it has joined. The bytes must not be changed. */
export const make = (): SharedBatch => {
  let last: ReadonlyArray<Uint8Array> = []
  let bytes: Uint8Array = new Uint8Array()
  const isLast = (frames: ReadonlyArray<Uint8Array>): boolean => {
    if (frames.length !== last.length) return false
    for (let index = 0; index < frames.length; index++) if (frames[index] !== last[index]) return false
    return true
  }
  return (frames) => {
    if (frames.length === 1) return frames[0]!
    if (!isLast(frames)) {
      last = frames
      bytes = Buffer.concat(frames)
    }
    return bytes
  }
}
