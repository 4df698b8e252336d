import Type from "typebox";
import { Incident, IncidentId, ResolveInput, resolveIncident } from "../../../lifecycle/index.ts";
import { defineRoute } from "../../route.ts";

export const resolveIncidentRoute = defineRoute({
  method: "POST",
  url: "/v1/lifecycle/incidents/:incident_id/resolve",
  access: ["operator"],
  audit: "incident.resolved",
  summary: "Say that an incident was dealt with",
  description:
    "Resolving again answers the same. A change that is still there opens another incident at the next look.",
  tags: ["lifecycle"],
  schema: {
    params: Type.Object({ incident_id: IncidentId }, { additionalProperties: false }),
    body: ResolveInput,
    responses: { 200: Incident },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, caller, params, body }) => ({
    status: 200,
    body: await resolveIncident(tx, caller, params.incident_id, body.reason),
  }),
});
