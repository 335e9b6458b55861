/** Which texts the server takes for commands when they are said in a room. */

const words = "join|leave|rooms|who|msg|files|invite|history|help"
const command = new RegExp(`^/(?:${words})(?:\\s|$)`)
const escaped = new RegExp(`^//(?:${words})(?:\\s|$)`)

export const isCommand = (text: string): boolean => command.test(text)

/** What others get to see of a text: where two slashes keep it from being a command, one of them. */
export const plain = (text: string): string => (escaped.test(text) ? text.slice(1) : text)
