import { registerKey, SigningKey, SigningKeyInput } from "../../../signatures/index.ts";
import { defineRoute } from "../../route.ts";

export const registerSigningKeyRoute = defineRoute({
  method: "POST",
  url: "/v1/signing-keys",
  access: ["sovereign"],
  audit: "signing_key.registered",
  summary: "Register one's own signing key",
  description:
    "With a proof of possession: a JWS by the key, or by a passkey an assertion over the digest of the same bytes. It signs once a " +
    "council member has confirmed it (ESIGN-4).",
  tags: ["signing keys"],
  schema: {
    body: SigningKeyInput,
    responses: { 201: SigningKey },
    problems: ["ESIGN_INVALID", "SIGNING_KEY_CONFLICT"],
  },
  handle: async ({ tx, caller, body, services }) => ({
    status: 201,
    body: await registerKey(tx, caller, body, services.relyingParty()),
  }),
});
