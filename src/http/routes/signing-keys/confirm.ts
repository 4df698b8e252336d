import Type from "typebox";
import { confirmSigningKey, Kid, SigningKey } from "../../../signatures/index.ts";
import { defineRoute } from "../../route.ts";

export const confirmSigningKeyRoute = defineRoute({
  method: "POST",
  url: "/v1/signing-keys/:kid/confirm",
  access: ["council"],
  audit: "signing_key.confirmed",
  summary: "Confirm that a key is the sovereign's",
  description:
    "Compare the thumbprint with the owner over another channel first. Confirming again answers the key as it is.",
  tags: ["signing keys"],
  schema: {
    params: Type.Object({ kid: Kid }, { additionalProperties: false }),
    responses: { 200: SigningKey },
    problems: ["NOT_FOUND", "SIGNING_KEY_STATE"],
  },
  handle: async ({ tx, caller, params }) => ({ status: 200, body: await confirmSigningKey(tx, caller, params.kid) }),
});
