import { sign } from "node:crypto";
import { canonicalJson } from "../../kernel/json.ts";
import { verifierKey } from "./note.ts";
import type { LogSigner } from "./signer.ts";

export const statementType = "application/vnd.in-toto+json";

/** A DSSE envelope. */
export interface DsseEnvelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/**
 * Signs a statement with the key of the log, and with those that it takes over from, over its canonical form (OPEN-5; DSSE, the
 * pre-authentication encoding).
 */
export function signStatement(statement: unknown, { also = [], ...present }: LogSigner): DsseEnvelope {
  const payload = Buffer.from(canonicalJson(statement));
  const message = preAuthenticated(statementType, payload);
  return {
    payload: payload.toString("base64"),
    payloadType: statementType,
    signatures: [present, ...also].map(({ key, privateKey }) => ({
      keyid: verifierKey(key),
      sig: sign(null, message, privateKey).toString("base64"),
    })),
  };
}

function preAuthenticated(type: string, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}
