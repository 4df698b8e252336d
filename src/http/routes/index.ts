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
import { listAuditEvents } from "./audit/events.ts";
import { doctorRoute } from "./doctor/examine.ts";
import { consumeGrantRoute } from "./grants/consume.ts";
import { esignGrantRoute } from "./grants/esign.ts";
import { listGrantsRoute } from "./grants/list.ts";
import { readGrantRoute } from "./grants/read.ts";
import { revokeGrantRoute } from "./grants/revoke.ts";
import { signingPayloadRoute } from "./grants/signing-payload.ts";
import { verifyGrantRoute } from "./grants/verify.ts";
import { verifyNamedGrantRoute } from "./grants/verify-named.ts";
import { liftHoldRoute } from "./holds/lift.ts";
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
import { runEventsRoute } from "./runs/events.ts";
import { listRunsRoute } from "./runs/list.ts";
import { readRunRoute } from "./runs/read.ts";
import { resumeRunRoute } from "./runs/resume.ts";
import { rollbackRunRoute } from "./runs/rollback.ts";
import { startRunRoute } from "./runs/start.ts";
import { listScopesRoute } from "./scopes/list.ts";
import { registerScopeRoute } from "./scopes/register.ts";
import { retireScopeRoute } from "./scopes/retire.ts";
import { confirmSigningKeyRoute } from "./signing-keys/confirm.ts";
import { listSigningKeysRoute } from "./signing-keys/list.ts";
import { readSigningKeyRoute } from "./signing-keys/read.ts";
import { registerSigningKeyRoute } from "./signing-keys/register.ts";
import { revokeSigningKeyRoute } from "./signing-keys/revoke.ts";

/** Every route of the service; `docs/adding-a-route.md` says what a new one needs. */
export const routes: readonly Route[] = [
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
  startRunRoute,
  resumeRunRoute,
  rollbackRunRoute,
  runEventsRoute,
  readRehearsalRoute,
  listLeasesRoute,
  readLeaseRoute,
  renewLeaseRoute,
  releaseLeaseRoute,
  listAuditEvents,
  doctorRoute,
];
