/**
 * Bytes that nobody else has.
 *
 * A collector that sees little but small objects lets 64 MiB of dead bytes pile up before it begins, so what large reads
 * and large files leave behind is freed as soon as it has served.
 */

const largeBytes = 4 * 1024

/** Frees bytes that will not be looked at again, if they are large and have their memory to themselves. */
export const free = (bytes: Uint8Array): void => {
  const { buffer } = bytes
  if (bytes.length < largeBytes || bytes.length !== buffer.byteLength) return
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
