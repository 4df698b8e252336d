import { GrantProblem } from "../../../grants/index.ts";
import { Run, RunInput, startRun } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";
import { inputBodyLimit } from "./limits.ts";

export const startRunRoute = defineRoute({
  method: "POST",
  url: "/v1/runs",
  access: ["executor"],
  audit: "run.started",
  summary: "Start a run, or resume it",
  description:
    "The run reserves and consumes its grant itself, in S1, or adopts the receipt and lease of an earlier consume by the " +
    "same executor with the same root (LEASE-4). The same root with the same content resumes the run; with other content " +
    "it is refused (RUN-1). 202 while there is something to do, 200 once it has succeeded.",
  tags: ["runs"],
  bodyLimit: inputBodyLimit,
  schema: {
    body: RunInput,
    responses: { 200: Run, 202: Run },
    problems: [
      "NOT_FOUND",
      "RUN_CONFLICT",
      "RUN_INPUT_MISMATCH",
      "RUN_STOPPED",
      "REGISTRATION_HOLD",
      ...Object.keys(GrantProblem.table),
    ],
  },
  async handle({ tx, caller, body, services }) {
    const run = await startRun(tx, caller, services.runs, body);
    return run.status === "succeeded" ? { status: 200, body: run } : { status: 202, body: run };
  },
  committed: (services) => services.runs.wake(),
});
