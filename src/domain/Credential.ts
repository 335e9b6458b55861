import { type Redacted, Schema } from "effect"

/** The longest credential, in UTF-16 units. */
export const limitCredentialUnits = 256

/**
 * What a peer gives as proof that it may have a name, such as a password: decoded from the text that came, and never shown
 * from then on. Its length is checked first.
 */
export const Credential = Schema.RedactedFromValue(Schema.String.check(Schema.isMaxLength(limitCredentialUnits)))

/** The credential as a field of what asks for a name, which has none if there is none. */
export const given = (credential: Redacted.Redacted | undefined): { readonly credential?: Redacted.Redacted } =>
  credential === undefined ? {} : { credential }
