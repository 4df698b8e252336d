import Type from "typebox";
import { presentRun, Root, Run } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";

export const readRunRoute = defineRoute({
  method: "GET",
  url: "/v1/runs/:root",
  access: "any",
  summary: "Read one run",
  description: "Its states with attempts and times, what was undone, and what a rehearsal has shown.",
  tags: ["runs"],
  schema: {
    params: Type.Object({ root: Root }, { additionalProperties: false }),
    responses: { 200: Run },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params, services }) => ({
    status: 200,
    body: await presentRun(tx, services.runs.builds, params.root),
  }),
});
