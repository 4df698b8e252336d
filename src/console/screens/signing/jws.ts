import { fromBase64 } from "../bytes/base64.ts";

/** The protected header of a detached compact JWS, `<protected>..<signature>`; undefined for anything else. */
export function headerOf(jws: string): { readonly alg: string; readonly kid: string } | undefined {
  const [, encoded] = /^([A-Za-z0-9_-]+)\.\.[A-Za-z0-9_-]+$/.exec(jws) ?? [];
  if (encoded === undefined) return undefined;
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(fromBase64(encoded)));
    if (typeof header !== "object" || header === null) return undefined;
    const { alg, kid } = header as Record<string, unknown>;
    return typeof alg === "string" && typeof kid === "string" ? { alg, kid } : undefined;
  } catch {
    return undefined;
  }
}
