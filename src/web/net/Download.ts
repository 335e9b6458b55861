/**
 * Fetches a shared file, going on where it was when the connection breaks.
 *
 * What has come is only added to if the server confirms, by the file's digest, that it is the same file.
 */

export interface Source {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly wait: (millis: number) => Promise<void>
}

/** The file is gone, or the server has none such. */
export class Unavailable extends Error {}

/** How often in a row nothing may come. */
const attempts = 8
const pauseMillis = (failures: number): number => Math.min(500 * 2 ** failures, 8000)

/** Larger files are left to the browser, which does not have to hold them in memory. */
export const limitBytes = 256 * 1024 * 1024

/** All bytes of a file. `progress` is told how many have come. */
export const fetchAll = async (
  source: Source,
  url: string,
  progress: (bytes: number) => void,
  signal?: AbortSignal
): Promise<Blob> => {
  let pieces: Array<Uint8Array<ArrayBuffer>> = []
  let come = 0
  let tag: string | null = null
  for (let failures = 0; ; failures++) {
    try {
      const headers: Record<string, string> =
        come > 0 && tag !== null ? { range: `bytes=${come}-`, "if-range": tag } : {}
      const response = await source.fetch(url, { headers, ...(signal && { signal }) })
      if (response.status === 404 || response.status === 410) throw new Unavailable("The file is gone.")
      if (!response.ok || response.body === null) throw new Error(`The server answered ${response.status}.`)
      if (response.status !== 206) {
        pieces = []
        come = 0
      }
      tag = response.headers.get("etag")
      const reader = response.body.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return new Blob(pieces)
        failures = 0
        pieces.push(value)
        come += value.length
        progress(come)
      }
    } catch (error) {
      if (error instanceof Unavailable || signal?.aborted === true || failures >= attempts) throw error
      await source.wait(pauseMillis(failures))
    }
  }
}

/**
 * The address of a shared file on this page's own server. Links name the address that others use, which need not be the
 * one by which this page was opened.
 */
export const ownUrl = (url: string): string => {
  const path = URL.canParse(url) ? /\/files\/[^/]+\/[^/]*$/.exec(new URL(url).pathname)?.[0] : undefined
  return path ?? url
}
