import { mintDraft, sovereignRequest } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import type { Service } from "../../support/service.ts";

/** A draft grant for a target of its own: of each target there is one live grant at a time. @returns its code */
export async function draftFor(service: Service, target: string): Promise<string> {
  const scope = {
    carrier: "C1",
    namespace: "PROD-NS",
    axis: "dot:c1:vocab",
    target,
    environment: "staging",
    database: "default",
    allowed_action_sets: [["dot_iu_create_collection", "staging_consume"]],
    lease_name: `lease-${target.toLowerCase()}`,
    rehearsal_required: false,
  };
  await expectStatus(service.call("POST", "/v1/scopes", { as: "admin", body: scope }), 201);
  return mintDraft(service, sovereignRequest({}, { target }));
}
