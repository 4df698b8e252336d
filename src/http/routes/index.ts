import { closeOutRoute } from "./lifecycle/close-out.ts";
import { verifyLifecycleRoute } from "./lifecycle/verify.ts";
import { listBaselinesRoute } from "./lifecycle/list-baselines.ts";
import { listIncidentsRoute } from "./lifecycle/list-incidents.ts";
import { resolveIncidentRoute } from "./lifecycle/resolve-incident.ts";
import { takeBaselineRoute } from "./lifecycle/take-baseline.ts";
import { watchRoute } from "./lifecycle/watch.ts";
import { makeManifestRoute } from "./lifecycle/manifest.ts";
import { enactRoute, retireRoute, supersedeRoute } from "./lifecycle/transitions.ts";
import { listLogRoute, listUnitsRoute } from "./lifecycle/units.ts";
import { listReviewDecisionsRoute } from "./review-decisions/list.ts";
import { readReviewDecisionRoute } from "./review-decisions/read.ts";
import { recordReviewDecisionRoute } from "./review-decisions/record.ts";
import type { Route } from "../route.ts";
import { configureActionTypeRoute } from "./action-types/configure.ts";
import { listActionTypesRoute } from "./action-types/list.ts";
import { readActionTypeRoute } from "./action-types/read.ts";
import { executeApprovalRequest } from "./approval-requests/execute.ts";
import { listApprovalRequests } from "./approval-requests/list.ts";
import { readApprovalRequest } from "./approval-requests/read.ts";
import { submitApprovalRequest } from "./approval-requests/submit.ts";
import { voteOnApprovalRequest } from "./approval-requests/vote.ts";
import { withdrawApprovalRequest } from "./approval-requests/withdraw.ts";
import { readAuditCheckpoint } from "./audit/checkpoint.ts";
import { proveAuditConsistency } from "./audit/consistency.ts";
import { listAuditEvents } from "./audit/events.ts";
import { proveAuditInclusion } from "./audit/inclusion.ts";
import { listAuditLeaves } from "./audit/leaves.ts";
import { doctorRoute } from "./doctor/examine.ts";
import { grantEvidenceRoute } from "./grants/evidence.ts";
import { consumeGrantRoute } from "./grants/consume.ts";
import { esignGrantRoute } from "./grants/esign.ts";
import { listGrantsRoute } from "./grants/list.ts";
import { readGrantRoute } from "./grants/read.ts";
import { revokeGrantRoute } from "./grants/revoke.ts";
import { signingPayloadRoute } from "./grants/signing-payload.ts";
import { verifyGrantRoute } from "./grants/verify.ts";
import { verifyNamedGrantRoute } from "./grants/verify-named.ts";
import { liftHoldRoute } from "./holds/lift.ts";
import { listCouncilRecordsRoute } from "./council-records/list.ts";
import { recordDecisionRoute } from "./council-records/record.ts";
import { revokeCouncilRecordRoute } from "./council-records/revoke.ts";
import { commitStepRoute } from "./plans/commit.ts";
import { listPlansRoute } from "./plans/list.ts";
import { readPlanRoute } from "./plans/read.ts";
import { registerPlanRoute } from "./plans/register.ts";
import { rehearseStepRoute } from "./plans/rehearse.ts";
import { rollBackStepRoute } from "./plans/rollback.ts";
import { esignProposalRoute } from "./proposal-approvals/esign.ts";
import { listProposalApprovalsRoute } from "./proposal-approvals/list.ts";
import { readProposalApprovalRoute } from "./proposal-approvals/read.ts";
import { approveStepRoute } from "./proposal-approvals/record.ts";
import { revokeProposalRoute } from "./proposal-approvals/revoke.ts";
import { proposalPayloadRoute } from "./proposal-approvals/signing-payload.ts";
import { digestsRoute } from "./builds/digests.ts";
import { listBuildsRoute } from "./builds/list.ts";
import { listHoldsRoute } from "./holds/list.ts";
import { placeHoldRoute } from "./holds/place.ts";
import { readHoldRoute } from "./holds/read.ts";
import { listLeasesRoute } from "./leases/list.ts";
import { readLeaseRoute } from "./leases/read.ts";
import { releaseLeaseRoute } from "./leases/release.ts";
import { renewLeaseRoute } from "./leases/renew.ts";
import { readRehearsalRoute } from "./rehearsals/read.ts";
import { runEvidenceRoute } from "./runs/evidence.ts";
import { runEventsRoute } from "./runs/events.ts";
import { listRunsRoute } from "./runs/list.ts";
import { readRunRoute } from "./runs/read.ts";
import { resumeRunRoute } from "./runs/resume.ts";
import { rollbackRunRoute } from "./runs/rollback.ts";
import { startRunRoute } from "./runs/start.ts";
import { listScopesRoute } from "./scopes/list.ts";
import { registerScopeRoute } from "./scopes/register.ts";
import { endSessionRoute } from "./session/end.ts";
import { startSignInRoute } from "./session/oidc.ts";
import { openSessionRoute } from "./session/open.ts";
import { sessionProviderRoute } from "./session/provider.ts";
import { readSessionRoute } from "./session/read.ts";
import { retireScopeRoute } from "./scopes/retire.ts";
import { confirmSigningKeyRoute } from "./signing-keys/confirm.ts";
import { listSigningKeysRoute } from "./signing-keys/list.ts";
import { readSigningKeyRoute } from "./signing-keys/read.ts";
import { registerSigningKeyRoute } from "./signing-keys/register.ts";
import { revokeSigningKeyRoute } from "./signing-keys/revoke.ts";
import { listDeliveriesRoute } from "./webhooks/deliveries.ts";
import { disableWebhookRoute } from "./webhooks/disable.ts";
import { enableWebhookRoute } from "./webhooks/enable.ts";
import { listWebhooksRoute } from "./webhooks/list.ts";
import { readWebhookRoute } from "./webhooks/read.ts";
import { registerWebhookRoute } from "./webhooks/register.ts";
import { removeWebhookRoute } from "./webhooks/remove.ts";
import { replayDeliveryRoute } from "./webhooks/replay.ts";
import { rotateWebhookRoute } from "./webhooks/rotate.ts";

/** Every route of the service; `docs/adding-a-route.md` says what a new one needs. */
export const routes: readonly Route[] = [
  openSessionRoute,
  readSessionRoute,
  endSessionRoute,
  sessionProviderRoute,
  startSignInRoute,
  submitApprovalRequest,
  listApprovalRequests,
  readApprovalRequest,
  voteOnApprovalRequest,
  withdrawApprovalRequest,
  executeApprovalRequest,
  listActionTypesRoute,
  readActionTypeRoute,
  configureActionTypeRoute,
  listGrantsRoute,
  readGrantRoute,
  grantEvidenceRoute,
  verifyGrantRoute,
  verifyNamedGrantRoute,
  consumeGrantRoute,
  revokeGrantRoute,
  signingPayloadRoute,
  esignGrantRoute,
  listSigningKeysRoute,
  readSigningKeyRoute,
  registerSigningKeyRoute,
  confirmSigningKeyRoute,
  revokeSigningKeyRoute,
  listScopesRoute,
  registerScopeRoute,
  retireScopeRoute,
  listHoldsRoute,
  readHoldRoute,
  placeHoldRoute,
  liftHoldRoute,
  listBuildsRoute,
  digestsRoute,
  listRunsRoute,
  readRunRoute,
  runEvidenceRoute,
  startRunRoute,
  resumeRunRoute,
  rollbackRunRoute,
  runEventsRoute,
  readRehearsalRoute,
  registerPlanRoute,
  listPlansRoute,
  readPlanRoute,
  rehearseStepRoute,
  commitStepRoute,
  rollBackStepRoute,
  approveStepRoute,
  listProposalApprovalsRoute,
  readProposalApprovalRoute,
  proposalPayloadRoute,
  esignProposalRoute,
  revokeProposalRoute,
  recordDecisionRoute,
  listCouncilRecordsRoute,
  revokeCouncilRecordRoute,
  recordReviewDecisionRoute,
  listReviewDecisionsRoute,
  readReviewDecisionRoute,
  listUnitsRoute,
  listLogRoute,
  makeManifestRoute,
  enactRoute,
  supersedeRoute,
  retireRoute,
  verifyLifecycleRoute,
  closeOutRoute,
  takeBaselineRoute,
  listBaselinesRoute,
  watchRoute,
  listIncidentsRoute,
  resolveIncidentRoute,
  listLeasesRoute,
  readLeaseRoute,
  renewLeaseRoute,
  releaseLeaseRoute,
  listAuditEvents,
  readAuditCheckpoint,
  proveAuditInclusion,
  proveAuditConsistency,
  listAuditLeaves,
  listWebhooksRoute,
  readWebhookRoute,
  registerWebhookRoute,
  rotateWebhookRoute,
  enableWebhookRoute,
  disableWebhookRoute,
  removeWebhookRoute,
  listDeliveriesRoute,
  replayDeliveryRoute,
  doctorRoute,
];
