import { Schema } from "effect"

/** The longest credential, in UTF-16 units. */
export const limitCredentialUnits = 256

/**
 * What a peer gives as proof that it may have a name, such as a password: decoded from the text that came, and never shown
 * from then on. Its length is checked first.
 */
export const Credential = Schema.RedactedFromValue(Schema.String.check(Schema.isMaxLength(limitCredentialUnits)))
