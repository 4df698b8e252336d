import { createHash } from "node:crypto";
import Type from "typebox";
import { AuthCode, readSigningPayload, SigningPayload } from "../../../grants/index.ts";
import { digestOfBytes } from "../../../kernel/json.ts";
import { defineRoute } from "../../route.ts";

export const signingPayloadRoute = defineRoute({
  method: "GET",
  url: "/v1/grants/:auth_code/signing-payload",
  access: ["sovereign"],
  summary: "The exact bytes that a sovereign signs",
  description:
    "RFC 8785 canonical JSON: sign the body as it is (ESIGN-1). Its digest is in the headers `content-digest` (RFC 9530) " +
    "and `payload-digest`.",
  tags: ["grants"],
  schema: {
    params: Type.Object({ auth_code: AuthCode }, { additionalProperties: false }),
    responses: { 200: SigningPayload },
    problems: ["NOT_FOUND", "ESIGN_INVALID", "REJECT_AUTH_EXPIRED", "REJECT_AUTH_REVOKED"],
  },
  async handle({ tx, params }) {
    const payload = await readSigningPayload(tx, params.auth_code);
    const headers = {
      "content-digest": `sha-256=:${createHash("sha256").update(payload).digest("base64")}:`,
      "payload-digest": digestOfBytes(payload),
    };
    // RFC 8785 is what JSON.stringify makes of members in order, so the bytes that leave are the ones that were made.
    return { status: 200, body: JSON.parse(payload) as SigningPayload, headers };
  },
});
