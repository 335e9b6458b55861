/** Which texts the server takes for commands when they are said in a room. */
import * as SlashWords from "../../domain/SlashWords.ts"

const read = (text: string) => SlashWords.read(text, SlashWords.words)

const isAction = (text: string): boolean => {
  const it = read(text)
  return it._tag === "Command" && it.word === "me" && it.rest !== ""
}

/** Whether the server does something else with it than to say it. */
export const isCommand = (text: string): boolean => read(text)._tag !== "Text" && !isAction(text)

/** What others get to see of a text: where two slashes keep it from being a command, one of them. */
export const plain = (text: string, ownName: string): string => {
  const it = read(text)
  if (it._tag === "Text") return it.text
  return it._tag === "Command" && isAction(text) ? SlashWords.inThirdPerson(ownName, it.rest) : text
}
