// Well-formedness of UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.

/** True when `source[start .. end]` is well-formed UTF-8. */
export function isUtf8(source: Uint8Array, start: number, end: number): boolean {
  let i = start;
  while (i < end) {
    const lead = source[i++] as number;
    if (lead < 0x80) continue;
    const extra = continuationCount(lead);
    if (extra === 0 || i + extra > end) return false;
    const second = source[i] as number;
    if (second < lowestSecond(lead) || second > highestSecond(lead)) return false;
    for (let k = 1; k < extra; k++) if (((source[i + k] as number) & 0xc0) !== 0x80) return false;
    i += extra;
  }
  return true;
}

function continuationCount(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 1;
  return lead < 0xf0 ? 2 : 3;
}

function lowestSecond(lead: number): number {
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(lead: number): number {
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}
