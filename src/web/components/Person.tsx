/** How a person is shown. */
const protocols: ReadonlyMap<string, string> = new Map([
  ["toss", "Toss-a-Message"],
  ["tsockm", "TsockM"],
  ["chatmaster", "ChatMaster 3000"],
  ["packet", "Python chat app"],
  ["sockets", "Sockets"],
  ["embedded", "part of the server"]
])

/** By what protocol somebody speaks. One that the page does not know is shown by its name. */
export const Badge = ({ protocol }: { readonly protocol: string | undefined }) =>
  protocol === undefined || protocol === "" ? null : (
    <span class={`badge badge-${protocols.has(protocol) ? protocol : "other"}`} title={protocols.get(protocol)}>
      {protocol}
    </span>
  )

/** A colour that goes with a name, as an angle. */
export const hue = (name: string): number => {
  let sum = 7
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)!) % 360
  return sum
}

const initial = (name: string): string => ([...name.trim()][0] ?? "?").toUpperCase()

export const Avatar = ({ name }: { readonly name: string }) => (
  <span class="avatar" style={{ "--hue": String(hue(name)) }} aria-hidden="true">
    {initial(name)}
  </span>
)
