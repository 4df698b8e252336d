import Type from "typebox";
import { BuildView, listBuilds } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";

export const listBuildsRoute = defineRoute({
  method: "GET",
  url: "/v1/builds",
  access: "any",
  summary: "List the builds",
  description: "What can be run: the states of each build, what undoes them, and the schema of its input.",
  tags: ["builds"],
  schema: {
    responses: {
      200: Type.Object({ items: Type.Array(BuildView), next_cursor: Type.Null() }, { additionalProperties: false }),
    },
  },
  handle: async ({ services }) => ({
    status: 200,
    body: { items: listBuilds(services.runs.builds), next_cursor: null },
  }),
});
