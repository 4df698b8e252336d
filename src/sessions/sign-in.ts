import { createHash } from "node:crypto";
import type { Database } from "../database/index.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { type ServerKeys, sameBytes } from "../kernel/server-keys.ts";
import { derive, hashOf, isSecret, newSecret } from "./secret.ts";
import { insertSignIn } from "./store.ts";

const lastsMs = 600_000;
const stateForm = /^([a-z0-9]{1,16})\.([0-9]{1,15})\.([A-Za-z0-9_-]{43})$/;

/** What goes with one sign-in at the issuer. */
export interface SignInStart {
  /** For a cookie: what binds the sign-in to this browser. */
  readonly binding: string;
  readonly state: string;
  readonly nonce: string;
  /** PKCE, S256 (RFC 7636). */
  readonly codeChallenge: string;
}

/**
 * Begins a sign-in at the issuer. Nothing is kept of it: the state says by its MAC until when and for which browser it is good, and
 * the nonce and the PKCE verifier come from the binding, which that browser alone has.
 * @param now by the database's clock
 */
export function startSignIn(keys: ServerKeys, now: Date): SignInStart {
  const binding = newSecret();
  const until = now.getTime() + lastsMs;
  const mac = macOf(keys, keys.currentId, until, binding);
  if (mac === undefined) throw new Error("the current server key is missing");
  return {
    binding,
    state: `${keys.currentId}.${until}.${mac.toString("base64url")}`,
    nonce: derive(binding, "nonce"),
    codeChallenge: createHash("sha256").update(derive(binding, "verifier")).digest("base64url"),
  };
}

/**
 * Takes a sign-in that came back from the issuer, once: a second time it is refused, in whichever process.
 * @returns what the issuer's answer must fit
 * @throws ServiceProblem UNAUTHENTICATED where it is of another browser, too old, or used
 */
export async function takeSignIn(
  database: Database,
  keys: ServerKeys,
  { state, binding }: { readonly state: string; readonly binding: string | undefined },
): Promise<{ readonly verifier: string; readonly nonce: string }> {
  const [, keyId = "", until = "", sent = ""] = stateForm.exec(state) ?? [];
  if (binding === undefined || !isSecret(binding)) throw refusal("This browser has not begun a sign-in.");
  const mac = macOf(keys, keyId, Number(until), binding);
  if (mac === undefined || !sameBytes(mac, Buffer.from(sent, "base64url"))) {
    throw refusal("The `state` is not that of the sign-in which this browser has begun.");
  }
  const first = await database.transact((tx) => insertSignIn(tx, hashOf(state), new Date(Number(until))));
  if (!first) throw refusal("The sign-in took longer than ten minutes, or was used before.");
  return { verifier: derive(binding, "verifier"), nonce: derive(binding, "nonce") };
}

function macOf(keys: ServerKeys, keyId: string, until: number, binding: string): Buffer | undefined {
  return keys.mac("sign-in", keyId, `${until}.${binding}`);
}

function refusal(what: string): ServiceProblem {
  return new ServiceProblem("UNAUTHENTICATED", `${what} Begin the sign-in again.`);
}
