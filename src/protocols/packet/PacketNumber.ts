/**
 * The numbers that the server issues so that packets of the same type can be told apart, and those of chunks.
 *
 * - A file number has zeros in its bits 16 to 31, where an upload has the length of its name.
 * - The transaction number of a download is even, that of an upload odd.
 *
 * @see PROTOCOL.md §§ 6, 8
 */

const lowBits = 0xffffn
const gapBits = 0xffff_0000n

/** File numbers are below this; beyond, the number on the wire would need more than 64 bits. */
export const fileLimit = 2 ** 48

/** The number on the wire of a file, which is a whole number from 0 to before {@link fileLimit}. */
export const wireNumber = (file: number): bigint => {
  const number = BigInt(file)
  return ((number >> 16n) << 32n) | (number & lowBits)
}

/** The file that a number on the wire stands for; undefined if it is a number that no file has. */
export const fileNumber = (wire: bigint): number | undefined => {
  if (wire < 0n || wire >> 64n !== 0n || (wire & gapBits) !== 0n) return undefined
  return Number(((wire >> 32n) << 16n) | (wire & lowBits))
}

/** Makes 64 random bits the number of a download. */
export const downloadTransaction = (random: bigint): bigint => BigInt.asUintN(64, random) & ~1n

/** Makes 64 random bits the number of an upload. */
export const uploadTransaction = (random: bigint): bigint => BigInt.asUintN(64, random) | 1n

/** Whether a transaction number is one of an upload; if not, it is one of a download. */
export const isUpload = (transaction: bigint): boolean => (transaction & 1n) === 1n

/** How many bytes every chunk of a file but the last has. */
export const chunkBytes = 256

/** How many chunks a file has; an empty one has none. */
export const chunkCount = (sizeBytes: number): number => Math.ceil(sizeBytes / chunkBytes)

/** How many bytes a chunk of a file has, undefined if the file has no such chunk. */
export const chunkLength = (sizeBytes: number, chunk: number): number | undefined =>
  chunk >= 0 && chunk < chunkCount(sizeBytes) ? Math.min(chunkBytes, sizeBytes - chunk * chunkBytes) : undefined
