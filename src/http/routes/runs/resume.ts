import Type from "typebox";
import { resumeRun, Root, Run } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";

export const resumeRunRoute = defineRoute({
  method: "POST",
  url: "/v1/runs/:root/resume",
  access: ["executor"],
  audit: "run.resumed",
  summary: "Go on with a run",
  description:
    "One whose process has died is taken up once its lease lapses, here or without this. One that stopped with nothing " +
    "burned begins again; one that stopped later is stopped for good (RUN-3).",
  tags: ["runs"],
  schema: {
    params: Type.Object({ root: Root }, { additionalProperties: false }),
    responses: { 200: Run, 202: Run },
    problems: ["NOT_FOUND", "RUN_STOPPED", "REGISTRATION_HOLD"],
  },
  async handle({ tx, caller, params, services }) {
    const run = await resumeRun(tx, caller, services.runs.builds, params.root);
    return run.status === "succeeded" ? { status: 200, body: run } : { status: 202, body: run };
  },
  committed: (services) => services.runs.wake(),
});
