import Type from "typebox";
import { Kid, RevokeKeyInput, revokeSigningKey, SigningKey } from "../../../signatures/index.ts";
import { defineRoute } from "../../route.ts";

export const revokeSigningKeyRoute = defineRoute({
  method: "POST",
  url: "/v1/signing-keys/:kid/revoke",
  access: ["admin", "sovereign"],
  audit: "signing_key.revoked",
  summary: "Revoke a signing key",
  description:
    "It signs nothing more, and grants that it signed and that are not consumed yet refuse. Past evidence stays provable.",
  tags: ["signing keys"],
  schema: {
    params: Type.Object({ kid: Kid }, { additionalProperties: false }),
    body: RevokeKeyInput,
    responses: { 200: SigningKey },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, caller, params, body }) => ({
    status: 200,
    body: await revokeSigningKey(tx, caller, params.kid, body),
  }),
});
