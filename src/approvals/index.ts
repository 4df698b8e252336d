export {
  activeActionTypes,
  configureActionType,
  electorate,
  findActionType,
  listActionTypes,
  reachable,
  readActionType,
  unimplemented,
} from "./action-types/index.ts";
export { ApprovalProblem } from "./errors.ts";
export { lockForExecution, type RequestForExecution, recordResult } from "./execution.ts";
export { expireRequests } from "./expire.ts";
export { listRequests, participantsOf, type RequestQuery, readRequest, rehearsalOf, wholeRequest } from "./read.ts";
export {
  ActionCode,
  ActionSet,
  ActionType,
  ActionTypeInput,
  ApprovalRequest,
  ApprovalRequestInput,
  ApprovalRequestSummary,
  AprCode,
  ProposedAction,
  RequestStatus,
  Risk,
  VoteInput,
  VoteReceipt,
} from "./schemas.ts";
export { requestTransitions } from "./states.ts";
export { submitRequest } from "./submit.ts";
export { castVote } from "./vote.ts";
export { withdrawEveryRequest, withdrawRequest } from "./withdraw.ts";
