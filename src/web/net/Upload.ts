/** Sends a file to an address that the server has given for it, in pieces, going on where it was (tus 1.0.0). */

export interface Uploading {
  /** The id of the stored file. */
  readonly done: Promise<string>
  /** Gives up; the server forgets what has come. */
  readonly cancel: () => void
}

const chunkBytes = 4 * 1024 * 1024
const pausesMillis = [0, 500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000]

/** Begins to send; `progress` is told how many bytes have gone. */
export const start = (file: Blob, uploadUrl: string, progress: (bytes: number) => void): Uploading => {
  let isCancelled = false
  let cancel = (): void => {
    isCancelled = true
  }
  const done = (async () => {
    // Most people never send a file.
    const { Upload } = await import("tus-js-client")
    return await new Promise<string>((resolve, reject) => {
      let stored: string | undefined
      const upload = new Upload(file, {
        uploadUrl,
        chunkSize: chunkBytes,
        retryDelays: pausesMillis,
        storeFingerprintForResuming: false,
        onAfterResponse: (_, response) => {
          stored = response.getHeader("Upload-File") ?? stored
        },
        onProgress: (bytes) => progress(bytes),
        onError: (error) => reject(error),
        onSuccess: () => (stored === undefined ? reject(new Error("The file was not stored.")) : resolve(stored))
      })
      cancel = () => {
        void upload.abort(true).catch(() => {})
        reject(new Error("The file was taken back."))
      }
      if (isCancelled) cancel()
      else upload.start()
    })
  })()
  return { done, cancel: () => cancel() }
}
