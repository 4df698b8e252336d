/** What each route can be asked by, as the API document has it: a test compares the two. Only its type is ever used. */
export const parameters = {
  "/v1/approval-requests":
    "status action_code requested_by relation risk plan_id target environment q comparable_to limit cursor",
  "/v1/action-types": "limit cursor",
  "/v1/grants": "status request_ref target environment executor plan_id q limit cursor",
  "/v1/signing-keys": "status principal limit cursor",
  "/v1/scopes": "status carrier target environment limit cursor",
  "/v1/holds": "status environment limit cursor",
  "/v1/runs": "status failed build auth_code executor target limit cursor",
  "/v1/plans": "plan_id limit cursor",
  "/v1/proposal-approvals": "plan_id revision status limit cursor",
  "/v1/council-records": "plan_id revision limit cursor",
  "/v1/review-decisions": "database decision_kind limit cursor",
  "/v1/lifecycle/units": "database status address_prefix limit cursor",
  "/v1/lifecycle/log": "database canonical_address run_ref limit cursor",
  "/v1/lifecycle/baselines": "database limit cursor",
  "/v1/lifecycle/incidents": "database status kind limit cursor",
  "/v1/leases": "limit cursor",
  "/v1/audit/events": "actor action resource_type resource_id from to limit cursor",
  "/v1/audit/proofs/inclusion": "seq size",
  "/v1/audit/proofs/consistency": "first second",
  "/v1/audit/leaves": "start limit",
  "/v1/webhooks": "status limit cursor",
  "/v1/webhooks/{id}/deliveries": "status limit cursor",
} as const;

type Words<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Text;

/** The query of a route; a parameter that it does not have does not compile, and would be refused. */
export type QueryOf<Path extends keyof typeof parameters> = {
  readonly [Name in Words<(typeof parameters)[Path]>]?: string | number | boolean | undefined;
};
