/**
 * The turn of whoever acts: what is done once at its end, however much happens in it.
 *
 * What a turn of the event loop says to a room is told together at its end, for then each recipient is touched once. The
 * fibers of connections have a turn; whoever has none is told of at once.
 */
import { Context } from "effect"

/** When something is done that can wait for what else happens. */
export interface Turn {
  /** Does something once at the end of this turn; asked again meanwhile, not twice. It must not throw. */
  readonly atEnd: (act: () => void) => void
  /** Does something once in so many milliseconds by the Clock; asked again meanwhile, not twice. */
  readonly after: (act: () => void, waitMillis: number) => void
}

/** Does everything at once. */
export const immediate: Turn = { atEnd: (act) => act(), after: (act) => act() }

/** The turn of the fiber that asks. A reference: a fiber that is given none does everything at once. */
export const Turn: Context.Reference<Turn> = Context.Reference<Turn>("parlance/services/Turn", {
  defaultValue: () => immediate
})
