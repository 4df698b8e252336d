/**
 * Whether an `Accept` header asks for `text/plain` rather than JSON (RFC 9110, section 12.5.1). A client that does not
 * care gets JSON.
 */
export function prefersText(accept: string | undefined): boolean {
  if (accept === undefined || !/\btext\//i.test(accept)) return false;
  const text = Math.max(weight(accept, "text/plain"), weight(accept, "text/*"));
  const json = Math.max(weight(accept, "application/json"), weight(accept, "application/problem+json"));
  return text > 0 && text > json;
}

/** Whether an `Accept` header asks for `text/html` by name, rather than JSON: a browser does. */
export function prefersPage(accept: string | undefined): boolean {
  if (accept === undefined || !/\btext\/html\b/i.test(accept)) return false;
  return weight(accept, "text/html") > weight(accept, "application/json");
}

/** The `q` of a media range, 0 where it is not listed. */
function weight(accept: string, range: string): number {
  for (const part of accept.split(",")) {
    const [type, ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    if (type !== range) continue;
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    const value = q === undefined ? 1 : Number(q.slice(2));
    return Number.isFinite(value) ? value : 0;
  }
  return 0;
}

/** Whether an `Accept` header asks for server-sent events rather than JSON. */
export function prefersEvents(accept: string | undefined): boolean {
  if (accept === undefined || !/event-stream/i.test(accept)) return false;
  return weight(accept, "text/event-stream") > weight(accept, "application/json");
}
