import { Schema } from "effect"

/**
 * Who a user is, whatever it is called: 64 bits that no other user has or gets, as 16 hexadecimal digits. A guest has them
 * from one login to its end.
 */
export const UserId = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{16}$/, { expected: "16 hexadecimal digits" })
).pipe(Schema.brand("UserId"))
export type UserId = typeof UserId.Type
