// The icons of the UI as SVG paths on a 16-pixel square, stroked. Shared by React and by the rows of
// the timeline, which are plain DOM.

export const iconPaths = {
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1z",
  screen: "M2 3h12v8H2zM6 13.5h4M8 11v2.5",
  refresh: "M13.3 6.5A5.6 5.6 0 1 0 13.6 9M13.5 2.8v3.8H9.7",
  clock: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.8V8l2.2 1.6",
  chevronDown: "M4 6l4 4 4-4",
  chevronRight: "M6 4l4 4-4 4",
  chevronUp: "M4 10l4-4 4 4",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3l3.2 3.2",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  check: "M3 8.5l3.2 3.2L13 5",
  filter: "M2.5 3.5h11L9.5 8.5v4l-3 1v-5z",
  filterOut: "M2.5 3.5h11L9.5 8.5v4l-3 1v-5zM10.5 11l3.5 3.5M14 11l-3.5 3.5",
  query:
    "M5.5 3c-2 0-2 1.2-2 2.5S3.2 8 2 8c1.2 0 1.5 1.2 1.5 2.5S3.5 13 5.5 13M10.5 3c2 0 2 1.2 2 2.5S12.8 8 14 8c-1.2 0-1.5 1.2-1.5 2.5s0 2.5-2 2.5M8 8v.1",
  play: "M5 3.5v9l7.5-4.5z",
  stop: "M4.5 4.5h7v7h-7z",
  history: "M3 8a5 5 0 1 0 1.5-3.6M4.3 2.2v2.5h2.5M8 5.2V8l1.8 1.2",
  sliders: "M2.5 4.5h6M11.5 4.5h2M2.5 11.5h2M7.5 11.5h6M10 3v3M6 10v3",
  error: "M8 1.8 14.2 8 8 14.2 1.8 8zM8 5v3.5M8 10.6v.4",
  warning: "M8 2.2 14.5 13.5h-13zM8 6.2v3.5M8 11.4v.4",
  help: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M6.3 6.3A1.8 1.8 0 1 1 8.5 8.1c-.4.2-.5.4-.5.9M8 11.1v.3",
  link: "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.3L11.5 9M9 11.5 7.5 13A3 3 0 0 1 3 8.7L4.5 7",
  plus: "M8 3v10M3 8h10",
  service: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.2 13.5 5M8 8.2v6",
  database:
    "M3 4c0-1 2.2-1.8 5-1.8S13 3 13 4s-2.2 1.8-5 1.8S3 5 3 4zM3 4v8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8V4M3 8c0 1 2.2 1.8 5 1.8S13 9 13 8",
  messaging: "M2 4h12v8H2zM2 4.5l6 4.5 6-4.5",
  external:
    "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M2 8h12M8 2c2 1.7 2.8 3.7 2.8 6S10 12.3 8 14c-2-1.7-2.8-3.7-2.8-6S6 3.7 8 2",
  server: "M2.5 8h8M7.5 5l3 3-3 3M13 3v10",
  client: "M5.5 8h8M10.5 5l3 3-3 3M3 3v10",
  producer: "M2.5 5h6v6h-6zM8.5 8h5M11.5 6l2 2-2 2",
  consumer: "M7.5 5h6v6h-6zM2.5 8h5M5.5 6l2 2-2 2",
  internal: "M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4",
  logs: "M3 4h10M3 8h10M3 12h6",
  panel: "M2 3h12v10H2zM10 3v10",
  arrowLeft: "M13 8H3.5M7 4 3 8l4 4",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
} as const;

export type IconName = keyof typeof iconPaths;
