/** A reader and a conversation as one conversation, for carriers that hand on what they read as it is. */
import type { Conversation, Step } from "./Protocol.ts"
import type { Reader } from "./Reader.ts"

/** Has a conversation take what a reader makes of each read. */
export const readingBy = <In, Packet, Frame>(
  reader: Reader<In, Packet>,
  conversation: Conversation<Packet, Frame>
): Conversation<In, Frame> => {
  const follow = (packets: ReadonlyArray<Packet>): ReadonlyArray<Step<Frame>> =>
    packets.length === 1 ? conversation.receive(packets[0]!) : packets.flatMap(conversation.receive)
  const finish = () => follow(reader.finish())
  const { loginLimitBytes } = conversation
  return {
    open: conversation.open,
    receive: (input) => follow(reader.read(input)),
    present: conversation.present,
    get variant() {
      return conversation.variant
    },
    get isPaced() {
      return conversation.isPaced
    },
    get isExempt() {
      return conversation.isExempt
    },
    get hasSessions() {
      return conversation.hasSessions === true
    },
    farewell: conversation.farewell,
    get patienceMillis() {
      return reader.readTimeoutMillis
    },
    lapse: finish,
    ended: finish,
    ...(loginLimitBytes !== undefined && { loginLimitBytes }),
    closed: () => conversation.closed?.() ?? []
  }
}
