import type { Grant, SigningPayload } from "../../../grants/index.ts";
import type { AppContext } from "../../app-context.ts";
import { canonicalJson } from "../bytes/digest.ts";
import type { Comparison, Subject } from "../signing/subject.ts";

/** A draft grant as something to be signed. @param aprDigest of the request that was voted on, once it is known */
export function grantSubject(app: AppContext, grant: Grant, aprDigest: string | undefined): Subject {
  const { client } = app;
  const path = `/v1/grants/${encodeURIComponent(grant.auth_code)}`;
  return {
    name: grant.auth_code,
    path,
    payload: (signal) => client.signingPayload(grant.auth_code, { signal }),
    sign: (input) => client.esign(grant.auth_code, input),
    compare: (text) => compare(JSON.parse(text) as SigningPayload, grant, aprDigest),
  };
}

/** What is signed is held against what this page shows: each line of it, so that neither can say something else. */
function compare(payload: SigningPayload, grant: Grant, aprDigest: string | undefined): Comparison[] {
  const { bindings } = grant;
  const shownBindings: Readonly<Record<string, unknown>> = { ...bindings };
  const isBound = Object.entries(payload.bindings).every(
    ([name, value]) => name in shownBindings && canonicalJson(value) === canonicalJson(shownBindings[name]),
  );
  return [
    { label: "grants.code", holds: payload.auth_code === grant.auth_code },
    { label: "grants.mode", holds: payload.mode === grant.mode },
    { label: "grants.bindings", holds: isBound },
    { label: "grants.expires", holds: payload.expires_at === grant.expires_at },
    ...(aprDigest === undefined
      ? []
      : [{ label: "grants.requestDigest" as const, holds: payload.apr_digest === aprDigest }]),
  ];
}
