import Type from "typebox";
import {
  defaultDatabase,
  requireDatabase,
  VerificationReport,
  verificationPage,
  verifyTarget,
} from "../../../lifecycle/index.ts";
import { TargetName } from "../../../runs/index.ts";
import { defineRoute, slowAnswerMs } from "../../route.ts";

export const verifyLifecycleRoute = defineRoute({
  method: "POST",
  url: "/v1/lifecycle/verification",
  access: ["operator", "auditor"],
  audit: null,
  mutates: false,
  summary: "Verify the lifecycle gateway of a target",
  description:
    "The existence and behavioural probes, the role matrix, all fingerprints, the backlog, and the state against the log, " +
    "each with what is expected and what was found (LIFE-3, LIFE-4, LIFE-5). What is tried is rolled back. It answers 200 " +
    "whatever was found: `passed` says it. With `Accept: text/html` it is a page to print.",
  tags: ["lifecycle"],
  timeoutMs: slowAnswerMs,
  bodyOptional: true,
  schema: {
    body: Type.Object({ database: Type.Optional(TargetName) }, { additionalProperties: false }),
    responses: { 200: VerificationReport },
    problems: ["TARGET_UNAVAILABLE"],
  },
  async looks({ body, services }) {
    const { database = defaultDatabase } = body;
    requireDatabase(database, services.lifecycle.databases);
    return verifyTarget(services.database, (name) => services.lifecycle.open(name), database);
  },
  handle: async ({ looked }) => ({ status: 200, body: looked, page: verificationPage(looked) }),
});
