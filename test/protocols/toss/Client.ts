/** What a client of Toss-a-Message writes. */
import * as TossWire from "../../../src/testing/clients/TossWire.ts"

export { announce, announced, read, reader, type Reader, type Response } from "../../../src/testing/clients/TossWire.ts"

/** The request for a name. */
export const logIn = (username: string): Uint8Array => TossWire.request("log-in", { username })

/** A message, as the original writes it. */
export const message = (text: string, attachment?: { readonly name: string; readonly content: Uint8Array }) =>
  TossWire.request("send-message", {
    message: text,
    ...(attachment !== undefined && { attachment: TossWire.file(attachment.name, attachment.content) })
  })

/** The acknowledgement of an announcement. */
export const acknowledgement = "action|l6|chunks;status|n3|101;"
