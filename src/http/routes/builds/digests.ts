import Type from "typebox";
import { BuildName, Digests, DigestsInput, digestsOf, RunProblem } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";
import { inputBodyLimit } from "../runs/limits.ts";

export const digestsRoute = defineRoute({
  method: "POST",
  url: "/v1/builds/:build/digests",
  access: "any",
  audit: null,
  mutates: false,
  summary: "Compute the digests of an input",
  description: "What the author of an approval request fills in. Nothing is written, here or in a target.",
  tags: ["builds"],
  bodyLimit: inputBodyLimit,
  schema: {
    params: Type.Object({ build: BuildName }, { additionalProperties: false }),
    body: DigestsInput,
    responses: { 200: Digests },
    problems: ["NOT_FOUND", ...Object.keys(RunProblem.table).filter((code) => code.startsWith("RBP-"))],
  },
  handle: async ({ params, body, services }) => ({
    status: 200,
    body: digestsOf(services.runs.builds, params.build, body.input),
  }),
});
