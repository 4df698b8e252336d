import Type from "typebox";
import { Cursor, Limit, Page } from "../../../kernel/schemas.ts";
import { Lease, listLeases } from "../../../leases/index.ts";
import { defineRoute } from "../../route.ts";

export const listLeasesRoute = defineRoute({
  method: "GET",
  url: "/v1/leases",
  access: ["executor", "operator"],
  summary: "List leases",
  description: "A token is never listed (LEASE-1).",
  tags: ["leases"],
  schema: {
    query: Type.Object({ limit: Limit, cursor: Cursor }, { additionalProperties: false }),
    responses: { 200: Page(Lease) },
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await listLeases(tx, query) }),
});
