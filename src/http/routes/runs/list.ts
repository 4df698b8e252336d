import Type from "typebox";
import { Cursor, Limit, Page, Principal } from "../../../kernel/schemas.ts";
import { BuildName, listRuns, RunAuthCode, RunStatusName, RunSummary, TargetName } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";

export const listRunsRoute = defineRoute({
  method: "GET",
  url: "/v1/runs",
  access: "any",
  summary: "List runs",
  tags: ["runs"],
  schema: {
    query: Type.Object(
      {
        limit: Limit,
        cursor: Cursor,
        status: Type.Optional(RunStatusName),
        failed: Type.Optional(
          Type.Literal(true, { description: "Those that somebody has to look at: stopped and indeterminate ones." }),
        ),
        build: Type.Optional(BuildName),
        auth_code: Type.Optional(RunAuthCode),
        executor: Type.Optional(Principal),
        target: Type.Optional(TargetName),
      },
      { additionalProperties: false },
    ),
    responses: { 200: Page(RunSummary) },
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await listRuns(tx, query) }),
});
