import Type from "typebox";
import { Hold, HoldId, readHold } from "../../../holds/index.ts";
import { defineRoute } from "../../route.ts";

export const readHoldRoute = defineRoute({
  method: "GET",
  url: "/v1/holds/:id",
  access: ["operator", "sovereign", "executor", "auditor"],
  summary: "Read one hold",
  tags: ["holds"],
  schema: {
    params: Type.Object({ id: HoldId }, { additionalProperties: false }),
    responses: { 200: Hold },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params }) => ({ status: 200, body: await readHold(tx, params.id) }),
});
