/** Services that have a default, which gives way to whatever is provided in front. */
import { type Context, Effect, Layer, Option } from "effect"

/** The service that is there already where this is built, or else that of the layer, which is not built in vain. */
export const unlessProvided = <I, S, E, R>(
  service: Context.Key<I, S>,
  layer: Layer.Layer<I, E, R>
): Layer.Layer<I, E, R> =>
  Layer.unwrap(
    Effect.map(
      Effect.serviceOption(service),
      Option.match({
        onNone: (): Layer.Layer<I, E, R> => layer,
        onSome: (provided) => Layer.succeed(service, provided)
      })
    )
  )
