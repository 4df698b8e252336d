import Type from "typebox";
import { AuthCode, Grant, readGrant } from "../../../grants/index.ts";
import { defineRoute } from "../../route.ts";

export const readGrantRoute = defineRoute({
  method: "GET",
  url: "/v1/grants/:auth_code",
  access: "any",
  summary: "Read one grant",
  tags: ["grants"],
  schema: {
    params: Type.Object({ auth_code: AuthCode }, { additionalProperties: false }),
    responses: { 200: Grant },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params }) => ({ status: 200, body: await readGrant(tx, params.auth_code) }),
});
