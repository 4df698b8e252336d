import Type from "typebox";
import { GrantProblem } from "../../../grants/index.ts";
import { RollbackInput, Root, Run, RunProblem, startRollback } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";
import { inputBodyLimit } from "./limits.ts";

export const rollbackRunRoute = defineRoute({
  method: "POST",
  url: "/v1/runs/:root/rollback",
  access: ["executor"],
  audit: "run.started",
  summary: "Roll a finished run back",
  description:
    "As a run of its own under its own grant, which `authorize_rollback` mints (RUN-6). Each step names a version and is " +
    "admitted by the rules RBP-1, 2, 7, 8, 9 and 10; nothing is ever deleted.",
  tags: ["runs"],
  bodyLimit: inputBodyLimit,
  schema: {
    params: Type.Object({ root: Root }, { additionalProperties: false }),
    body: RollbackInput,
    responses: { 200: Run, 202: Run },
    problems: [
      "NOT_FOUND",
      "REGISTRATION_HOLD",
      ...Object.keys(RunProblem.table).filter((code) => /^(?:RBP|RUN)/.test(code)),
      ...Object.keys(GrantProblem.table),
    ],
  },
  async handle({ tx, caller, params, body, services }) {
    const run = await startRollback(tx, caller, services.runs, params.root, body);
    return run.status === "succeeded" ? { status: 200, body: run } : { status: 202, body: run };
  },
  committed: (services) => services.runs.wake(),
});
