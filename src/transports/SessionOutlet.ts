/** Where the events of a session of an exchange go. */
import { type Event, type IsActor, type Perspective, perspective, type SharedEvent } from "../domain/Event.ts"
import type { Hangup } from "../domain/Hangup.ts"
import type { Exchange } from "../protocols/Exchange.ts"
import type { Link } from "../protocols/Link.ts"
import type { ImmediateStep } from "../protocols/Step.ts"
import type { Outlet } from "../services/Session.ts"

/** Carries out what follows from an event. */
export interface InEvent<Frame, Key extends object> {
  performInEvent(steps: ReadonlyArray<ImmediateStep<Frame, Key>>): void
}

// An event's frames go to many.
const share = <Frame>(link: Link<Frame>, frame: Frame): void => {
  if (link.share === undefined) link.send(frame)
  else link.share(frame)
}

const shareAll = <Frame>(link: Link<Frame>, frames: ReadonlyArray<Frame>): void => {
  if (link.shareAll === undefined) for (const frame of frames) share(link, frame)
  else link.shareAll(frames)
}

// A class, because there is one for each session: its instances are smaller than closures.
export class SessionOutlet<Frame, Key extends object> implements Outlet {
  readonly #interpreter: InEvent<Frame, Key>
  readonly #exchange: Exchange<Frame, Key>
  readonly #key: Key

  constructor(interpreter: InEvent<Frame, Key>, exchange: Exchange<Frame, Key>, key: Key) {
    this.#interpreter = interpreter
    this.#exchange = exchange
    this.#key = key
  }

  deliver(event: Event, as: Perspective): void {
    const steps = this.#exchange.deliver(this.#key, event, as, share)
    if (steps.length > 0) this.#interpreter.performInEvent(steps)
  }

  deliverAll(events: ReadonlyArray<SharedEvent>, isActor: IsActor): void {
    if (this.#exchange.deliverAll?.(this.#key, events, isActor, shareAll) === true) return
    events.forEach((event, index) => this.deliver(event, perspective(isActor, index)))
  }

  hangUp({ reason }: Hangup): void {
    this.#interpreter.performInEvent(this.#exchange.hangUp(this.#key, reason))
  }

  queuedBytes(): number {
    return this.#exchange.queuedBytes(this.#key)
  }

  get check(): (() => void) | undefined {
    const { check } = this.#exchange
    return check && (() => this.#interpreter.performInEvent(check(this.#key)))
  }
}
