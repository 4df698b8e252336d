import { readJson } from "../../kernel/json.ts";
import { esignInvalid } from "../errors.ts";
import type { RelyingParty } from "./relying-party.ts";

/**
 * What the browser says that it asked the authenticator for (WebAuthn, 5.8.1; the checks of 7.2). Members beside those
 * that are checked are let through, as the standard demands; one that stands twice is refused.
 * @param challenge the digest that must have been signed
 * @param pointer where in the request it stands
 * @throws SignatureProblem ESIGN_INVALID, each fault with its own reason
 */
export function checkClientData(bytes: Uint8Array, challenge: Uint8Array, party: RelyingParty, pointer: string): void {
  const said = objectIn(bytes, pointer);
  if (said["type"] !== "webauthn.get") {
    throw esignInvalid("client_data_type", "The type of the client data must be webauthn.get.", pointer);
  }
  const expected = Buffer.from(challenge).toString("base64url");
  if (said["challenge"] !== expected) {
    throw esignInvalid(
      "challenge",
      `The challenge must be ${expected}: the SHA-256 digest of the signing payload, in base64url without padding.`,
      pointer,
    );
  }
  if (!isOneOf(party.origins, said["origin"])) {
    throw esignInvalid("origin", `The origin must be one of ${party.origins.join(", ")}.`, pointer);
  }
  if (said["crossOrigin"] !== undefined && said["crossOrigin"] !== false) {
    throw esignInvalid(
      "cross_origin",
      "It was signed in a frame of another origin: crossOrigin must be false.",
      pointer,
    );
  }
  if (said["topOrigin"] !== undefined && !isOneOf(party.origins, said["topOrigin"])) {
    throw esignInvalid("top_origin", `The topOrigin must be one of ${party.origins.join(", ")}, or absent.`, pointer);
  }
}

function isOneOf(origins: readonly string[], said: unknown): boolean {
  return typeof said === "string" && origins.includes(said);
}

function objectIn(bytes: Uint8Array, pointer: string): Record<string, unknown> {
  let said: unknown;
  try {
    said = readJson(bytes);
  } catch (cause) {
    throw esignInvalid("client_data", "The client data are not one JSON object with each name once.", pointer, cause);
  }
  if (typeof said !== "object" || said === null || Array.isArray(said)) {
    throw esignInvalid("client_data", "The client data are not a JSON object.", pointer);
  }
  return said as Record<string, unknown>;
}
