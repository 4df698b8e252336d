import { Diagnosis, examine } from "../../../doctor/index.ts";
import { defineRoute } from "../../route.ts";

export const doctorRoute = defineRoute({
  method: "GET",
  url: "/v1/doctor",
  access: ["operator", "auditor"],
  summary: "Find what cannot work, or soon will not",
  tags: ["operations"],
  schema: { responses: { 200: Diagnosis } },
  handle: async ({ tx, services }) => ({ status: 200, body: await examine(tx, services.runs.targets) }),
});
