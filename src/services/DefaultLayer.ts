/** Services that have a default, which gives way to whatever is provided in front. */
import { Context, Effect, Layer, Option } from "effect"

// Not copied with the other properties: who makes a service of his own of it has one of his own.
const ownedBy = Symbol("parlance/services/DefaultLayer/ownedBy")

const owned = <S extends object>(service: S): S =>
  Object.defineProperty({ ...service }, ownedBy, { value: true, enumerable: false })

const isOwned = (service: object): boolean => ownedBy in service

/**
 * The service that is provided in front of where this is built, or else that of the layer, which is not built in vain.
 *
 * What this has made is not taken for provided: a server that is built inside of another one has its own.
 */
export const unlessProvided = <I, S extends object, E, R>(
  service: Context.Key<I, S>,
  layer: Layer.Layer<I, E, R>
): Layer.Layer<I, E, R> =>
  Layer.unwrap(
    Effect.map(Effect.serviceOption(service), (found): Layer.Layer<I, E, R> => {
      const provided = Option.getOrUndefined(found)
      if (provided !== undefined && !isOwned(provided)) return Layer.succeed(service, provided)
      return Layer.effect(
        service,
        Effect.map(Layer.build(layer), (built) => owned(Context.get(built, service)))
      )
    })
  )

/** Whether a service is provided in front of where this is asked. */
export const isProvided = <I, S extends object>(service: Context.Key<I, S>): Effect.Effect<boolean> =>
  Effect.map(Effect.serviceOption(service), (found) => Option.isSome(found) && !isOwned(found.value))
