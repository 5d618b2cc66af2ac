// Chromium under a POSIX locale names its language "en-US@posix", which Intl refuses; the chart library
// asks Intl for it while it loads and would take the page down.

try {
  Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US" });
}

export {};
