/**
 * Which site a request is for, and which pages are of that site.
 *
 * A page of any other site can be made to ask this server under a name of its own, which it lets lead here (DNS
 * rebinding). To the browser both are one site then; only the `Host` of the request tells them apart.
 */
import { Result } from "effect"
import { NetAddress } from "effect/net"
import { hostname } from "node:os"

/** Whether `origin` is that of the host which was asked for. A port that goes without saying may be said or not. */
export const isOriginOf = (origin: string, host: string | undefined): boolean => {
  const page = URL.parse(origin)
  if (host === undefined || /[^\w.:[\]-]/.test(host) || page === null || !/^https?:$/.test(page.protocol)) return false
  return URL.parse(`${page.protocol}//${host}`)?.host === page.host
}

// The name in a `Host`: without its port, the dot of the root, and the brackets of an IPv6 address.
const nameOf = (host: string): string => {
  const [, name = "", address] = /^(\[(.*)\]|[^:]*)(?::\d*)?$/.exec(host.trim().toLowerCase()) ?? []
  return address ?? name.replace(/\.$/, "")
}

const isAddress = (name: string): boolean => Result.isSuccess(NetAddress.ipFromString(name.replace(/%.*$/, "")))

/** The names of a machine, also the one by which its neighbours find it (RFC 6762). */
const machineNames = (name: string): ReadonlyArray<string> => {
  const [label = name] = name.split(".")
  return [name, label, `${label}.local`]
}

/**
 * Tells whether a `Host` is one of this server's: an address, `localhost` and what is below it, a name of the machine, the
 * host of one of `urls` (`*` is any), or none at all.
 */
export const servedHosts = (
  urls: ReadonlyArray<string>,
  machine: string = hostname()
): ((host: string | undefined) => boolean) => {
  const given = urls.flatMap((url) => URL.parse(url)?.host ?? [])
  const names = new Set(["", "localhost", ...machineNames(machine.toLowerCase()), ...given.map(nameOf)])
  const isAny = urls.includes("*")
  return (host = "") => {
    if (isAny || host.trim() === "") return true
    const name = nameOf(host)
    return name !== "" && (names.has(name) || name.endsWith(".localhost") || isAddress(name))
  }
}
