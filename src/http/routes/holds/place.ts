import { Hold, HoldInput, placeHold } from "../../../holds/index.ts";
import { defineRoute } from "../../route.ts";

export const placeHoldRoute = defineRoute({
  method: "POST",
  url: "/v1/holds",
  access: ["operator", "sovereign"],
  audit: "hold.placed",
  summary: "Stop all consumption: the emergency stop",
  description:
    "Everywhere, or in one environment (GRANT-9). It waits for the uses that are under way; once it is acknowledged none passes. " +
    "Compensation, revocation and reading go on.",
  tags: ["holds"],
  schema: { body: HoldInput, responses: { 201: Hold } },
  countsAs: "hold",
  handle: async ({ tx, caller, body }) => ({ status: 201, body: await placeHold(tx, caller, body) }),
});
