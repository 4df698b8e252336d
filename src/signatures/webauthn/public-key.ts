import type { Algorithm, PublicJwk } from "../schemas.ts";

/** SubjectPublicKeyInfo has one form for each kind (RFC 5480, RFC 8410): these bytes, and then the numbers of the key. */
const forms = {
  ES256: { head: Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex"), numbers: 64 },
  EdDSA: { head: Buffer.from("302a300506032b6570032100", "hex"), numbers: 32 },
} as const;

/** The key that a browser answers as SPKI. @returns undefined where it is not a P-256 or Ed25519 key in that one form */
export function jwkOfSpki(spki: Uint8Array): { readonly alg: Algorithm; readonly jwk: PublicJwk } | undefined {
  for (const alg of ["ES256", "EdDSA"] as const) {
    const { head, numbers } = forms[alg];
    if (spki.length !== head.length + numbers || !head.equals(spki.subarray(0, head.length))) continue;
    const part = (from: number): string =>
      Buffer.from(spki.subarray(head.length + from, head.length + from + 32)).toString("base64url");
    if (alg === "EdDSA") return { alg, jwk: { kty: "OKP", crv: "Ed25519", x: part(0) } };
    return { alg, jwk: { kty: "EC", crv: "P-256", x: part(0), y: part(32) } };
  }
  return undefined;
}
