/** What kind of image bytes are, by what they begin with. Only kinds that browsers show without running anything. */

const starts = (bytes: Uint8Array, text: string, at = 0): boolean =>
  bytes.length >= at + text.length && [...text].every((letter, index) => bytes[at + index] === letter.charCodeAt(0))

/** The media type of an image, by its first 12 bytes. */
export const imageType = (bytes: Uint8Array): string | undefined => {
  if (starts(bytes, "\u0089PNG\r\n\u001a\n")) return "image/png"
  if (starts(bytes, "\u00ff\u00d8\u00ff")) return "image/jpeg"
  if (starts(bytes, "GIF87a") || starts(bytes, "GIF89a")) return "image/gif"
  if (starts(bytes, "RIFF") && starts(bytes, "WEBP", 8)) return "image/webp"
  return undefined
}

/** The largest file that is looked at. */
export const previewLimitBytes = 8 * 1024 * 1024

/** Whether a file says that it is an image, so that it is worth a look. */
export const mayBeImage = (file: { readonly name: string; readonly sizeBytes: number }): boolean =>
  file.sizeBytes <= previewLimitBytes && /\.(?:png|jpe?g|gif|webp)$/i.test(file.name)
