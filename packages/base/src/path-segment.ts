// Names as one segment of a URL's path. Browsers and proxies resolve the segments `.` and `..` (RFC 3986
// 5.2.4), written as %2E too, so these two names travel as `~.` and `~..`; a name that looks like an
// escaped one gets one more tilde. Every other name is only percent-encoded.

/** `name` as a path segment, percent-encoded. Lone surrogates, which no URL can hold, become U+FFFD. */
export function pathSegment(name: string): string {
  const safe = /^~*\.\.?$/.test(name) ? `~${name}` : name;
  return encodeURIComponent(safe.toWellFormed());
}

/** The name that {@link pathSegment} wrote; `decoded` is the segment after percent-decoding. */
export function nameOfSegment(decoded: string): string {
  return /^~+\.\.?$/.test(decoded) ? decoded.slice(1) : decoded;
}
