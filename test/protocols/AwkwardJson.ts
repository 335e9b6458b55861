/** Objects whose texts look like the ends of objects, and the like. */
export const awkward = [
  `{}`,
  `{"type": "message", "data": {"message": "hi"}}`,
  `{\r\n\t"a": [1, {"b": [[]]}],\n  "c": null\n}`,
  JSON.stringify({ text: `"}{][\\\r\n\0:: {"type": 🙂 \u202e שלום €` }),
  `{"escapes": "\\\\\\"}\\u007b"}`
]
