// URLs as they may be written down: without user and password, and with the values of secret parameters hidden.

const HIDDEN = "REDACTED";
/** Names of the semantic conventions, and those that carry tokens everywhere. */
const SECRETS =
  /^(?:AWSAccessKeyId|Signature|sig|X-Goog-Signature|X-Amz-(?:Signature|Credential|Security-Token)|access_token|refresh_token|id_token|token|auth|api_?key|apikey|key|secret|client_secret|password|passwd|pwd|code|session|jwt)$/i;

let further: ReadonlySet<string> = new Set();

/** Names of further parameters to hide. */
export function hideParameters(names: readonly string[]): void {
  further = new Set(names.map((name) => name.toLowerCase()));
}

function isSecret(name: string): boolean {
  let plain = name;
  try {
    if (name.includes("%")) plain = decodeURIComponent(name);
  } catch {
    // As it stands.
  }
  return SECRETS.test(plain) || further.has(plain.toLowerCase());
}

/** A query (without `?`) with the values of secret parameters hidden. */
export function redactQuery(query: string): string {
  if (!query.includes("=")) return query;
  let changed = false;
  const parts = query.split("&").map((part) => {
    const equals = part.indexOf("=");
    if (equals < 0 || !isSecret(part.slice(0, equals))) return part;
    changed = true;
    return `${part.slice(0, equals + 1)}${HIDDEN}`;
  });
  return changed ? parts.join("&") : query;
}

/** A path with its query redacted. */
export function redactPath(path: string): string {
  const mark = path.indexOf("?");
  return mark < 0 ? path : `${path.slice(0, mark + 1)}${redactQuery(path.slice(mark + 1))}`;
}
