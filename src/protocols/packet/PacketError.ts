/**
 * The codes that an error packet carries.
 *
 * They are stable: a code keeps its meaning, new ones come behind the last.
 *
 * @see PROTOCOL.md § 9
 */
export const PacketError = {
  malformed: 1,
  unknownSession: 2,
  nameTaken: 3,
  nameInvalid: 4,
  noSuchUser: 5,
  tooLong: 6,
  tooFast: 7,
  noSuchFile: 8,
  transferRefused: 9,
  storageFailed: 10,
  serverFull: 11,
  serverStopping: 12,
  refused: 13,
  refusedByPolicy: 14
} as const

/** One of the codes. */
export type PacketError = (typeof PacketError)[keyof typeof PacketError]
