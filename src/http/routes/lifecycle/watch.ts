import { defaultDatabase, lookAt, recordLook, WatchInput, WatchReport } from "../../../lifecycle/index.ts";
import { defineRoute, slowAnswerMs } from "../../route.ts";
import { openNamed } from "./target.ts";

export const watchRoute = defineRoute({
  method: "POST",
  url: "/v1/lifecycle/watch",
  access: ["operator"],
  audit: "incident.opened",
  summary: "Compare the lifecycle gateway of a target with the accepted one",
  description:
    "As the service does by itself every so often: each difference, and each write that the server of the target has " +
    "refused since the last look, opens an incident unless it has one. `?dry_run=true` says what would be opened (OPEN-10).",
  tags: ["lifecycle"],
  timeoutMs: slowAnswerMs,
  bodyOptional: true,
  dryRun: true,
  schema: { body: WatchInput, responses: { 200: WatchReport }, problems: ["TARGET_UNAVAILABLE"] },
  async looks({ body, services }) {
    const { database = defaultDatabase } = body;
    return lookAt(services.database, await openNamed(services, database), database);
  },
  handle: async ({ tx, caller, looked }) => ({ status: 200, body: await recordLook(tx, caller, looked) }),
});
