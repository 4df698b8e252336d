import Type from "typebox";
import { Lease, LeaseName, readLease } from "../../../leases/index.ts";
import { defineRoute } from "../../route.ts";

export const readLeaseRoute = defineRoute({
  method: "GET",
  url: "/v1/leases/:name",
  access: ["executor", "operator"],
  summary: "Read one lease",
  description: "Who holds it, until when, and its fence; never its token (LEASE-1).",
  tags: ["leases"],
  schema: {
    params: Type.Object({ name: LeaseName }, { additionalProperties: false }),
    responses: { 200: Lease },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params }) => ({ status: 200, body: await readLease(tx, params.name) }),
});
