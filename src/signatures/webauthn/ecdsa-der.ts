/**
 * An ECDSA signature over P-256 in DER (RFC 3279, 2.2.3) as r and s, 32 bytes each (IEEE P1363), which is what JOSE has.
 * @returns undefined for all but the one DER spelling of two numbers that fit
 */
export function rawOfDer(der: Uint8Array): Buffer | undefined {
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const r = numberAt(der, 2);
  const s = r === undefined ? undefined : numberAt(der, r.end);
  return r === undefined || s?.end !== der.length ? undefined : Buffer.concat([r.bytes, s.bytes]);
}

/** The INTEGER that begins there, neither negative nor with a zero too many, in 32 bytes. */
function numberAt(der: Uint8Array, at: number): { readonly bytes: Buffer; readonly end: number } | undefined {
  const [tag, size = 0, first = 0, second = 0] = der.subarray(at, at + 4);
  const end = at + 2 + size;
  if (tag !== 0x02 || size === 0 || size > 33 || end > der.length || first > 0x7f) return undefined;
  if ((first === 0 && size > 1 && second < 0x80) || (size === 33 && first !== 0)) return undefined;
  const bytes = Buffer.alloc(32);
  bytes.set(der.subarray(Math.max(at + 2, end - 32), end), Math.max(0, 32 - size));
  return { bytes, end };
}
