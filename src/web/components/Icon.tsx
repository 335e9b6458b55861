/** Pictures of 24 by 24, in the colour of the text around them. They say nothing to those who cannot see them. */
const paths = {
  attach:
    "M21 11.5l-8.6 8.6a5.5 5.500 0 0 1-7.800-7.800l8.600-8.600a3.700 3.700 0 0 1 5.200 5.200l-8.600 8.600a1.800 1.800 0 0 1-2.600-2.600l8-8",
  bell: "M18 9a6 6 0 0 0-12 0c0 6-2.500 7.500-2.500 7.500h17S18 15 18 9M10 20a2.200 2.200 0 0 0 4 0",
  close: "M6 6l12 12M18 6L6 18",
  door: "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
  down: "M12 5v14M6 13l6 6 6-6",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  file: "M14 3H6v18h12V7zM14 3v4h4",
  hash: "M10 4L8 20M16 4l-2 16M5 9h15M4 15h15",
  invite:
    "M15 20c0-3.300-2.700-5-6-5s-6 1.700-6 5M9 11.500a3.700 3.700 0 1 0 0-7.500 3.700 3.700 0 0 0 0 7.500M19 8v6M16 11h6",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M4.500 12h1M11.500 12h1M18.500 12h1M4.500 12.500h1M11.500 12.500h1M18.500 12.500h1",
  pen: "M4 20l1-4L16.500 4.500l3 3L8 19z",
  people:
    "M16 20c0-3.300-2.700-5-6-5s-6 1.700-6 5M10 11.500A3.700 3.700 0 1 0 10 4a3.700 3.700 0 0 0 0 7.500M16 4.500a3.700 3.700 0 0 1 0 6.700M18 15.300c1.800.700 3 2.300 3 4.700",
  plus: "M12 5v14M5 12h14",
  send: "M4.500 12L3 4l18 8-18 8zM4.500 12H12",
  unlock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 6.800-1.200"
} as const

export type IconName = keyof typeof paths

export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={paths[name]} />
  </svg>
)
