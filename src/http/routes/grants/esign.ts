import Type from "typebox";
import { AuthCode, Grant, presentWithSignature, signGrant } from "../../../grants/index.ts";
import { EsignInput } from "../../../signatures/index.ts";
import { defineRoute } from "../../route.ts";

export const esignGrantRoute = defineRoute({
  method: "POST",
  url: "/v1/grants/:auth_code/esign",
  access: ["sovereign"],
  audit: "grant.active",
  summary: "Sign a draft: it becomes active",
  description:
    "A detached JWS over the bytes of signing-payload, or a WebAuthn assertion whose challenge is their SHA-256 digest, by the " +
    "caller's own confirmed key (ESIGN-2). The signer is neither " +
    "requester nor voter nor executor. `reason` names the check that a signature failed.",
  tags: ["grants"],
  schema: {
    params: Type.Object({ auth_code: AuthCode }, { additionalProperties: false }),
    body: EsignInput,
    responses: { 200: Grant },
    problems: ["NOT_FOUND", "ESIGN_INVALID", "REJECT_AUTH_EXPIRED", "REJECT_AUTH_REVOKED"],
  },
  countsAs: "esign",
  async handle({ tx, caller, params, body, services }) {
    const signed = await signGrant(tx, caller, params.auth_code, body, services.relyingParty());
    return { status: 200, body: await presentWithSignature(tx, signed) };
  },
});
