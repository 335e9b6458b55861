import { assert, describe, it } from "@effect/vitest"
import { imageType, mayBeImage, previewLimitBytes } from "../../src/web/net/ImageKind.ts"

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

describe("ImageKind", () => {
  const kinds: ReadonlyArray<readonly [string | undefined, string]> = [
    ["image/png", "\u0089PNG\r\n\u001a\n\0\0\0\r"],
    ["image/jpeg", "\u00ff\u00d8\u00ff\u00e0\0\u0010JFIF\0\u0001"],
    ["image/gif", "GIF89a\u0001\0\u0001\0\0\0"],
    ["image/gif", "GIF87a\u0001\0\u0001\0\0\0"],
    ["image/webp", "RIFF\u0010\0\0\0WEBP"],
    [undefined, "RIFF\u0010\0\0\0WAVE"],
    [undefined, "<svg xmlns="],
    [undefined, "<html><scrip"],
    [undefined, "\u0089PN"],
    [undefined, ""]
  ]
  for (const [type, start] of kinds) {
    it(`imageType() takes ${JSON.stringify(start)} for ${type ?? "no image"}`, () => {
      assert.strictEqual(imageType(bytes(start)), type)
    })
  }

  it("mayBeImage() goes by the name and the size", () => {
    assert.isTrue(mayBeImage({ name: "Cat.PNG", sizeBytes: 10 }))
    assert.isFalse(mayBeImage({ name: "Cat.PNG", sizeBytes: previewLimitBytes + 1 }))
    assert.isFalse(mayBeImage({ name: "cat.svg", sizeBytes: 10 }))
    assert.isFalse(mayBeImage({ name: "png", sizeBytes: 10 }))
  })
})
