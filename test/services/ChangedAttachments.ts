/** Attachments in memory, some of which is done in another way. */
import { Effect, Layer } from "effect"
import type { StorageFailed } from "../../src/domain/Rejection.ts"
import { Attachments } from "../../src/services/Attachments.ts"

type Service = Attachments["Service"]

export const changedAttachments = (change: (attachments: Service) => Partial<Service>) =>
  Layer.effect(
    Attachments,
    Effect.map(Attachments, (attachments) => Attachments.of({ ...attachments, ...change(attachments) }))
  ).pipe(Layer.provide(Attachments.layerMemory))

/** The same that wait before each write, and may fail then; and before each file that is begun. */
export const slowWrites = (
  beforeWrite: Effect.Effect<void, StorageFailed>,
  beforeBegin: Effect.Effect<void> = Effect.void
) =>
  changedAttachments((attachments) => ({
    begin: (sizeBytes, owner) =>
      Effect.map(Effect.andThen(beforeBegin, attachments.begin(sizeBytes, owner)), (upload) => ({
        ...upload,
        write: (bytes, atByte) => Effect.andThen(beforeWrite, upload.write(bytes, atByte))
      }))
  }))
