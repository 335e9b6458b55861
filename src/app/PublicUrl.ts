/** The address of the HTTP port as somebody elsewhere reaches it, which links to files need. */
import { networkInterfaces } from "node:os"

const isWildcard = (hostname: string): boolean => hostname === "0.0.0.0" || hostname === "[::]"

/** The first address of this machine that others can reach; its own if there is none. */
const reachable = (): string => {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1"
}

/**
 * The configured address, or else the one that is listened on; where that is all addresses of the machine, one of them.
 * Without a slash at its end.
 */
export const publicUrl = (configured: string, listening: string, address: () => string = reachable): string => {
  if (configured !== "") return configured
  const url = new URL(listening)
  if (isWildcard(url.hostname)) url.hostname = address()
  return url.href.replace(/\/+$/, "")
}
