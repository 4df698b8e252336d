import Type from "typebox";
import { Lease, LeaseName, ReleaseLease, releaseLease } from "../../../leases/index.ts";
import { defineRoute } from "../../route.ts";

export const releaseLeaseRoute = defineRoute({
  method: "POST",
  url: "/v1/leases/:name/release",
  access: ["executor"],
  audit: "lease.released",
  summary: "Release a lease",
  description: "The fencing token stays where it is; the next acquisition raises it.",
  tags: ["leases"],
  schema: {
    params: Type.Object({ name: LeaseName }, { additionalProperties: false }),
    body: ReleaseLease,
    responses: { 200: Lease },
    problems: ["NOT_FOUND", "LEASE_TOKEN_INVALID"],
  },
  handle: async ({ tx, caller, params, body }) => ({
    status: 200,
    body: await releaseLease(tx, caller, params.name, body),
  }),
});
