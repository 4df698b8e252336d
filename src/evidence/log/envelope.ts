import { sign } from "node:crypto";
import { canonicalJson } from "../../kernel/json.ts";
import { verifierKey } from "./note.ts";
import type { LogSigner } from "./signer.ts";

export const statementType = "application/vnd.in-toto+json";

/** A DSSE envelope with one signature. */
export interface DsseEnvelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** Signs a statement with the key of the log, over its canonical form (OPEN-5; DSSE, the pre-authentication encoding). */
export function signStatement(statement: unknown, signer: LogSigner): DsseEnvelope {
  const payload = Buffer.from(canonicalJson(statement));
  const signature = sign(null, preAuthenticated(statementType, payload), signer.privateKey);
  return {
    payload: payload.toString("base64"),
    payloadType: statementType,
    signatures: [{ keyid: verifierKey(signer.key), sig: signature.toString("base64") }],
  };
}

function preAuthenticated(type: string, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}
