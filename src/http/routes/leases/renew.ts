import Type from "typebox";
import { Lease, LeaseName, RenewLease, renewLease } from "../../../leases/index.ts";
import { defineRoute } from "../../route.ts";

export const renewLeaseRoute = defineRoute({
  method: "POST",
  url: "/v1/leases/:name/renew",
  access: ["executor"],
  audit: "lease.renewed",
  summary: "Renew a lease",
  tags: ["leases"],
  schema: {
    params: Type.Object({ name: LeaseName }, { additionalProperties: false }),
    body: RenewLease,
    responses: { 200: Lease },
    problems: ["NOT_FOUND", "LEASE_TOKEN_INVALID"],
  },
  handle: async ({ tx, caller, params, body }) => ({
    status: 200,
    body: await renewLease(tx, caller, params.name, body),
  }),
});
