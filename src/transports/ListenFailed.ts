import { Data } from "effect"

const words: Record<string, string> = {
  EADDRINUSE: "address already in use",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "no such address on this machine",
  ENOTFOUND: "no such host"
}

/** A port could not be opened. `message` is one line. */
export class ListenFailed extends Data.TaggedError("ListenFailed")<{
  readonly protocol: string
  readonly host: string
  readonly port: number
  readonly cause: unknown
}> {
  override get message(): string {
    const { code, message } = this.cause as { readonly code?: string; readonly message?: string }
    const reason = words[code ?? ""] ?? message ?? "unknown cause"
    return `Cannot listen on ${this.host}:${this.port} (${this.protocol}): ${reason}`
  }
}
