/**
 * Which files were shared where: in the rooms, and with single users.
 *
 * - A session sees the files of the rooms that it is in, and those that it sent to one user or was sent alone.
 * - A room or a session that is gone is forgotten, so that a later one of the same name sees none of its files.
 * - What was shared in rooms is stored with their history, and outlives the process.
 * - Files are deleted without notice. So only the newest are remembered, as many as there may be.
 */
import { Context, Effect, Layer } from "effect"
import { limitFiles } from "./FileCatalog.ts"
import { History } from "./History.ts"
import type { Session } from "./Session.ts"

// The files of one room or session.
type Place = Set<number>

const make = ({ sharedFiles }: History["Service"]) => {
  const byRoom = new Map<string, Place>()
  const bySession = new Map<Session, Place>()
  // Where each file is, in the order in which they were shared first.
  const places = new Map<number, Set<Place>>()

  const forgetFile = (file: number): void => {
    for (const place of places.get(file) ?? []) place.delete(file)
    places.delete(file)
  }

  const share = <K>(byKey: Map<K, Place>, key: K, file: number): void => {
    const place = byKey.get(key) ?? new Set()
    byKey.set(key, place.add(file))
    const known = places.get(file) ?? new Set()
    places.set(file, known.add(place))
    if (places.size <= limitFiles) return
    for (const oldest of places.keys()) return forgetFile(oldest)
  }

  const forget = <K>(byKey: Map<K, Place>, key: K): void => {
    const place = byKey.get(key)
    if (place === undefined) return
    byKey.delete(key)
    for (const file of place) {
      const known = places.get(file)
      known?.delete(place)
      if (known?.size === 0) places.delete(file)
    }
  }

  const visible = (session: Session): ReadonlyArray<number> => {
    const files = new Set(bySession.get(session))
    for (const room of session.rooms) for (const file of byRoom.get(room.key) ?? []) files.add(file)
    return Array.from(files).sort((a, b) => a - b)
  }

  const isVisible = (session: Session, file: number): boolean => {
    if (bySession.get(session)?.has(file) === true) return true
    for (const room of session.rooms) if (byRoom.get(room.key)?.has(file) === true) return true
    return false
  }

  for (const { file, roomKey } of sharedFiles) share(byRoom, roomKey, file)

  return Shares.of({
    shareInRoom: (roomKey, file) => share(byRoom, roomKey, file),
    shareWith: (sessions, file) => {
      for (const session of sessions) share(bySession, session, file)
    },
    visible,
    isVisible,
    forgetFile,
    forgetRoom: (roomKey) => forget(byRoom, roomKey),
    forgetSession: (session) => forget(bySession, session),
    count: () => places.size
  })
}

/** Which files were shared where, and so who may see them. */
export class Shares extends Context.Service<
  Shares,
  {
    readonly shareInRoom: (roomKey: string, file: number) => void
    readonly shareWith: (sessions: Iterable<Session>, file: number) => void
    /** The numbers of all files that a session may see now, ascending, each once. */
    readonly visible: (session: Session) => ReadonlyArray<number>
    readonly isVisible: (session: Session, file: number) => boolean
    /** Forgets a file that is gone. */
    readonly forgetFile: (file: number) => void
    readonly forgetRoom: (roomKey: string) => void
    readonly forgetSession: (session: Session) => void
    /** Files that are remembered. */
    readonly count: () => number
  }
>()("parlance/services/Shares") {
  static readonly layer = Layer.effect(Shares, Effect.map(History, make))
}
