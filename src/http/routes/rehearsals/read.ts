import Type from "typebox";
import { Digest } from "../../../kernel/schemas.ts";
import { readRehearsal, Rehearsal } from "../../../rehearsals/index.ts";
import { defineRoute } from "../../route.ts";

export const readRehearsalRoute = defineRoute({
  method: "GET",
  url: "/v1/rehearsals/:rehearsal_ref",
  access: "any",
  summary: "Read one rehearsal",
  description:
    "What a dry-run has shown: each state forward and each compensation, what would change, and the fingerprint of the " +
    "target before and after. Its reference is the digest of the RFC 8785 form of `content` (OPEN-1).",
  tags: ["runs"],
  schema: {
    params: Type.Object({ rehearsal_ref: Digest }, { additionalProperties: false }),
    responses: { 200: Rehearsal },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params }) => ({ status: 200, body: await readRehearsal(tx, params.rehearsal_ref) }),
});
