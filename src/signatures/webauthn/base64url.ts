import { esignInvalid } from "../errors.ts";

/**
 * base64url has many spellings for the same bytes; only the one without padding and stray bits is taken.
 * @throws SignatureProblem ESIGN_INVALID, with the reason `malformed`
 */
export function bytesOf(encoded: string, pointer: string): Buffer {
  const bytes = Buffer.from(encoded, "base64url");
  if (bytes.toString("base64url") === encoded) return bytes;
  throw esignInvalid("malformed", "It is not base64url without padding, in its one spelling.", pointer);
}
