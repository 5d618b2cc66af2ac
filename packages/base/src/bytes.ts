// Numbers of bytes for people.

/** `57 kB`, `3.4 MB`, `1.25 GB`; thousands, as disks and networks count. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
