import { Page } from "../../../kernel/schemas.ts";
import { Incident, IncidentQuery, listIncidents } from "../../../lifecycle/index.ts";
import { defineRoute } from "../../route.ts";

export const listIncidentsRoute = defineRoute({
  method: "GET",
  url: "/v1/lifecycle/incidents",
  access: "any",
  summary: "List incidents of the lifecycle gateways",
  description: "Newest first: changes of a gateway that nobody has accepted, and writes past it that were refused.",
  tags: ["lifecycle"],
  schema: { query: IncidentQuery, responses: { 200: Page(Incident) } },
  handle: async ({ tx, query }) => ({ status: 200, body: await listIncidents(tx, query) }),
});
