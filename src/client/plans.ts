import { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import type { PageOf } from "./pages.ts";
import type { QueryOf } from "./queries.ts";
import type {
  CommitInput,
  CouncilRecord,
  CouncilRecordInput,
  EsignInput,
  PlanSummary,
  PlanView,
  ProposalApproval,
  ProposalApprovalInput,
  RehearseInput,
  RevokeInput,
  RollbackStepInput,
  Run,
  StepAct,
} from "./shapes.ts";

const path = (plan: string, revision: string): string =>
  `/v1/plans/${encodeURIComponent(plan)}/revisions/${encodeURIComponent(revision)}`;
const approval = (code: string): string => `/v1/proposal-approvals/${encodeURIComponent(code)}`;

/** The routes of plans and of their records (PLAN-1, PLAN-2). Every method throws ClientProblem when it is refused. */
export class PlanCalls extends Calls {
  /** Registers a revision, for good; with `dryRun` it is only checked. @param source the plan file's text */
  register(source: string, options?: CallOptions): Promise<PlanView> {
    return this.change("/v1/plans", { source }, options);
  }

  list(query: QueryOf<"/v1/plans"> = {}, options?: CallOptions): Promise<PageOf<PlanSummary>> {
    return this.get("/v1/plans", query, options);
  }

  each(query?: QueryOf<"/v1/plans">, options?: CallOptions): AsyncGenerator<PlanSummary, void> {
    return this.every("/v1/plans", query, options);
  }

  read(plan: string, revision: string, options?: CallOptions): Promise<PlanView> {
    return this.get(path(plan, revision), {}, options);
  }

  /** Tries a step, or its rollback, in a transaction that is rolled back (PLAN-3). */
  rehearse(plan: string, revision: string, step: number, input: RehearseInput, options?: CallOptions): Promise<Run> {
    return this.change(`${path(plan, revision)}/steps/${step}/rehearse`, input, options);
  }

  /** Commits one step under its own records (PLAN-2): by a run, or at once where the step is of kind `record`. */
  commit(plan: string, revision: string, step: number, input: CommitInput, options?: CallOptions): Promise<StepAct> {
    return this.change(`${path(plan, revision)}/steps/${step}/commit`, input, options);
  }

  /** Rolls a committed step back, under an approval of its own (PLAN-7). */
  rollback(
    plan: string,
    revision: string,
    step: number,
    input: RollbackStepInput,
    options?: CallOptions,
  ): Promise<Run> {
    return this.change(`${path(plan, revision)}/steps/${step}/rollback`, input, options);
  }

  approve(input: ProposalApprovalInput, options?: CallOptions): Promise<ProposalApproval> {
    return this.change("/v1/proposal-approvals", input, options);
  }

  listApprovals(
    query: QueryOf<"/v1/proposal-approvals"> = {},
    options?: CallOptions,
  ): Promise<PageOf<ProposalApproval>> {
    return this.get("/v1/proposal-approvals", query, options);
  }

  eachApproval(
    query?: QueryOf<"/v1/proposal-approvals">,
    options?: CallOptions,
  ): AsyncGenerator<ProposalApproval, void> {
    return this.every("/v1/proposal-approvals", query, options);
  }

  readApproval(code: string, options?: CallOptions): Promise<ProposalApproval> {
    return this.get(approval(code), {}, options);
  }

  /** Revokes an approval; with `running`, ends the run of one that is used (OPEN-4). */
  revokeApproval(
    code: string,
    input: RevokeInput & { readonly running?: "stop" | "compensate" },
    options?: CallOptions,
  ): Promise<ProposalApproval> {
    return this.change(`${approval(code)}/revoke`, input, options);
  }

  /** The exact bytes that a sovereign signs, as text. */
  approvalPayload(code: string, options?: CallOptions): Promise<string> {
    return this.text(`${approval(code)}/signing-payload`, undefined, options);
  }

  esignApproval(code: string, input: EsignInput, options?: CallOptions): Promise<ProposalApproval> {
    return this.change(`${approval(code)}/esign`, input, options);
  }

  recordCouncil(input: CouncilRecordInput, options?: CallOptions): Promise<CouncilRecord> {
    return this.change("/v1/council-records", input, options);
  }

  listCouncilRecords(
    query: QueryOf<"/v1/council-records"> = {},
    options?: CallOptions,
  ): Promise<PageOf<CouncilRecord>> {
    return this.get("/v1/council-records", query, options);
  }

  eachCouncilRecord(
    query?: QueryOf<"/v1/council-records">,
    options?: CallOptions,
  ): AsyncGenerator<CouncilRecord, void> {
    return this.every("/v1/council-records", query, options);
  }

  revokeCouncilRecord(code: string, input: RevokeInput, options?: CallOptions): Promise<CouncilRecord> {
    return this.change(`/v1/council-records/${encodeURIComponent(code)}/revoke`, input, options);
  }
}
