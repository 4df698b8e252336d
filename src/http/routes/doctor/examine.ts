import { Diagnosis, examine, rehearsalsInUse } from "../../../doctor/index.ts";
import { defineRoute } from "../../route.ts";

export const doctorRoute = defineRoute({
  method: "GET",
  url: "/v1/doctor",
  access: ["operator", "auditor"],
  summary: "Find what cannot work, or soon will not",
  tags: ["operations"],
  schema: { responses: { 200: Diagnosis } },
  async sees({ services }) {
    return services.runs.see(await services.database.transact(rehearsalsInUse, { readOnly: true }));
  },
  looks: ({ services }) => services.lifecycle.sightings(),
  handle: async ({ tx, services, sightings, looked }) => ({
    status: 200,
    body: await examine(tx, services.runs.targets, sightings, looked, services.evidence.seen()),
  }),
});
