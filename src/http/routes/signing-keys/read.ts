import Type from "typebox";
import { Kid, readSigningKey, SigningKey } from "../../../signatures/index.ts";
import { defineRoute } from "../../route.ts";

export const readSigningKeyRoute = defineRoute({
  method: "GET",
  url: "/v1/signing-keys/:kid",
  access: ["sovereign", "council", "admin", "auditor", "operator"],
  summary: "Read one signing key",
  tags: ["signing keys"],
  schema: {
    params: Type.Object({ kid: Kid }, { additionalProperties: false }),
    responses: { 200: SigningKey },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params }) => ({ status: 200, body: await readSigningKey(tx, params.kid) }),
});
