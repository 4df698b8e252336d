import {
  defaultDatabase,
  LifecycleProblem,
  Outcome,
  requireForm,
  startTransition,
  type TransitionName,
  TransitionRequest,
  tryTransition,
} from "../../../lifecycle/index.ts";
import { GrantProblem } from "../../../grants/index.ts";
import { Run } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";
import { openNamed } from "./target.ts";

function transitionRoute(transition: TransitionName, url: `/${string}`, noun: string) {
  return defineRoute({
    method: "POST",
    url,
    access: ["executor"],
    audit: "run.started",
    summary: `Ask for the ${noun} of one unit, or start its run`,
    description:
      `With \`dry_run\`, the gateway's own answer: \`plan_ok\`, or why not. Without it, a run of one unit under a ` +
      `commit-mode grant; more units of one manifest are a run of POST /v1/runs (LIFE-1, LIFE-6).`,
    tags: ["lifecycle"],
    schema: {
      body: TransitionRequest,
      responses: { 200: Outcome, 202: Run },
      problems: [
        "NOT_FOUND",
        "RUN_CONFLICT",
        "RUN_INPUT_MISMATCH",
        "RUN_STOPPED",
        "REGISTRATION_HOLD",
        "TARGET_UNAVAILABLE",
        ...Object.keys(GrantProblem.table),
        ...Object.keys(LifecycleProblem.table),
      ],
    },
    async looks({ caller, body, services }) {
      requireForm(body);
      if (body.dry_run !== true) return undefined;
      const target = await openNamed(services, body.database);
      await services.lifecycle.carry(body.database ?? defaultDatabase);
      return tryTransition(target, caller, transition, body);
    },
    async handle({ tx, caller, body, services, looked }) {
      if (looked !== undefined) return { status: 200, body: looked };
      return { status: 202, body: await startTransition(tx, caller, services.runs, transition, body) };
    },
    committed: (services) => services.runs.wake(),
  });
}

export const enactRoute = transitionRoute("enact", "/v1/lifecycle/enactments", "enactment");
export const supersedeRoute = transitionRoute("supersede", "/v1/lifecycle/supersessions", "supersession");
export const retireRoute = transitionRoute("retire", "/v1/lifecycle/retirements", "retirement");
