import type {
  ActionType,
  ActionTypeInput,
  ApprovalRequest,
  ApprovalRequestInput,
  ApprovalRequestSummary,
  VoteInput,
  VoteReceipt,
} from "../approvals/index.ts";
import type { Diagnosis } from "../doctor/index.ts";
import type { AuditEvent, ConsistencyProof, InclusionProof, LogCheckpoint, LogLeaves } from "../evidence/index.ts";
import type { BindingsInput, ConsumeInput, EsignInput, Grant, Receipt, RevokeInput, Verdict } from "../grants/index.ts";
import type { Hold, HoldInput, LiftInput } from "../holds/index.ts";
import type { Lease, ReleaseLease, RenewLease } from "../leases/index.ts";
import type { Rehearsal } from "../rehearsals/index.ts";
import type {
  BuildView,
  Digests,
  RollbackInput,
  RunEvent,
  RunInput,
  RunSummary,
  Run as RunView,
} from "../runs/index.ts";
import type { Scope, ScopeInput } from "../scopes/index.ts";
import type { RevokeKeyInput, SigningKey, SigningKeyInput } from "../signatures/index.ts";
import { LifecycleCalls } from "./lifecycle.ts";
import { type PageOf, PlanCalls } from "./plans.ts";
import { followRun, type RunEnd } from "./progress.ts";
import { sign } from "./sign.ts";
import { type CallOptions, type Query, Transport } from "./transport.ts";

export interface Executed {
  readonly result: "OK";
  readonly apr_code: string;
  readonly auth_code: string;
  readonly replayed: boolean;
  readonly grant: Grant;
}

const at = (path: string, ...names: readonly string[]): string =>
  names.reduce((whole, name) => whole.replace("{}", encodeURIComponent(name)), path);

/** The service's routes as one caller. Every method throws ClientProblem when it is refused. */
export class Client {
  readonly #transport: Transport;
  /** Plans, their steps and the records that let a step be committed. */
  readonly plans: PlanCalls;
  /** Units, their transitions and the gateway that these pass. */
  readonly lifecycle: LifecycleCalls;

  constructor(url: string, token: string) {
    this.#transport = new Transport(url, token);
    this.plans = new PlanCalls(this.#transport);
    this.lifecycle = new LifecycleCalls(this.#transport);
  }

  #get<Answer>(path: string, query?: Query, options?: CallOptions): Promise<Answer> {
    return this.#transport.send<Answer>({ method: "GET", path, query }, options);
  }

  #change<Answer>(path: string, body: unknown, options?: CallOptions): Promise<Answer> {
    return this.#transport.send<Answer>({ method: "POST", path, body, changes: true }, options);
  }

  submitRequest(request: ApprovalRequestInput, options?: CallOptions): Promise<ApprovalRequest> {
    return this.#change("/v1/approval-requests", request, options);
  }

  listRequests(query: Query = {}, options?: CallOptions): Promise<PageOf<ApprovalRequestSummary>> {
    return this.#get("/v1/approval-requests", query, options);
  }

  readRequest(aprCode: string, options?: CallOptions): Promise<ApprovalRequest> {
    return this.#get(at("/v1/approval-requests/{}", aprCode), {}, options);
  }

  vote(aprCode: string, vote: VoteInput, options?: CallOptions): Promise<VoteReceipt> {
    return this.#change(at("/v1/approval-requests/{}/votes", aprCode), vote, options);
  }

  withdraw(aprCode: string, options?: CallOptions): Promise<ApprovalRequest> {
    return this.#change(at("/v1/approval-requests/{}/withdraw", aprCode), undefined, options);
  }

  /** Executes an approved request, signed with SYNC_SECRET. */
  execute(aprCode: string, aprDigest: string, syncSecret: string, options?: CallOptions): Promise<Executed> {
    const path = at("/v1/approval-requests/{}/execute", aprCode);
    const body = { apr_code: aprCode, apr_digest: aprDigest };
    const headers = (raw: string) => sign(syncSecret, raw);
    return this.#transport.send({ method: "POST", path, body, changes: true, headers }, options);
  }

  listActionTypes(options?: CallOptions): Promise<PageOf<ActionType>> {
    return this.#get("/v1/action-types", {}, options);
  }

  configureActionType(code: string, input: ActionTypeInput, options?: CallOptions): Promise<ActionType> {
    return this.#transport.send({ method: "PUT", path: at("/v1/action-types/{}", code), body: input }, options);
  }

  listGrants(query: Query = {}, options?: CallOptions): Promise<PageOf<Grant>> {
    return this.#get("/v1/grants", query, options);
  }

  readGrant(authCode: string, options?: CallOptions): Promise<Grant> {
    return this.#get(at("/v1/grants/{}", authCode), {}, options);
  }

  /** Verifies the bindings, against a named grant if one is named. Changes nothing. */
  verify(bindings: BindingsInput, authCode?: string, options?: CallOptions): Promise<Verdict> {
    const path = authCode === undefined ? "/v1/grants/verify" : at("/v1/grants/{}/verify", authCode);
    return this.#transport.send({ method: "POST", path, body: bindings }, options);
  }

  consume(authCode: string, input: ConsumeInput, options?: CallOptions): Promise<Receipt> {
    return this.#change(at("/v1/grants/{}/consume", authCode), input, options);
  }

  /** Revokes a live grant; with `running`, ends the run of one that is used (OPEN-4). */
  revoke(
    authCode: string,
    input: RevokeInput & { readonly running?: "stop" | "compensate" },
    options?: CallOptions,
  ): Promise<Grant> {
    return this.#change(at("/v1/grants/{}/revoke", authCode), input, options);
  }

  /** The exact bytes that a sovereign signs (ESIGN-1), as text. */
  signingPayload(authCode: string, options?: CallOptions): Promise<string> {
    return this.#transport.sendForText({ method: "GET", path: at("/v1/grants/{}/signing-payload", authCode) }, options);
  }

  esign(authCode: string, input: EsignInput, options?: CallOptions): Promise<Grant> {
    return this.#change(at("/v1/grants/{}/esign", authCode), input, options);
  }

  listSigningKeys(query: Query = {}, options?: CallOptions): Promise<PageOf<SigningKey>> {
    return this.#get("/v1/signing-keys", query, options);
  }

  registerSigningKey(input: SigningKeyInput, options?: CallOptions): Promise<SigningKey> {
    return this.#change("/v1/signing-keys", input, options);
  }

  confirmSigningKey(kid: string, options?: CallOptions): Promise<SigningKey> {
    return this.#change(at("/v1/signing-keys/{}/confirm", kid), undefined, options);
  }

  revokeSigningKey(kid: string, input: RevokeKeyInput, options?: CallOptions): Promise<SigningKey> {
    return this.#change(at("/v1/signing-keys/{}/revoke", kid), input, options);
  }

  listScopes(query: Query = {}, options?: CallOptions): Promise<PageOf<Scope>> {
    return this.#get("/v1/scopes", query, options);
  }

  registerScope(input: ScopeInput, options?: CallOptions): Promise<Scope> {
    return this.#change("/v1/scopes", input, options);
  }

  retireScope(id: string, options?: CallOptions): Promise<Scope> {
    return this.#change(at("/v1/scopes/{}/retire", id), undefined, options);
  }

  listHolds(query: Query = {}, options?: CallOptions): Promise<PageOf<Hold>> {
    return this.#get("/v1/holds", query, options);
  }

  placeHold(input: HoldInput, options?: CallOptions): Promise<Hold> {
    return this.#change("/v1/holds", input, options);
  }

  liftHold(id: string, input: LiftInput, options?: CallOptions): Promise<Hold> {
    return this.#change(at("/v1/holds/{}/lift", id), input, options);
  }

  listLeases(query: Query = {}, options?: CallOptions): Promise<PageOf<Lease>> {
    return this.#get("/v1/leases", query, options);
  }

  renewLease(name: string, input: RenewLease, options?: CallOptions): Promise<Lease> {
    return this.#change(at("/v1/leases/{}/renew", name), input, options);
  }

  releaseLease(name: string, input: ReleaseLease, options?: CallOptions): Promise<Lease> {
    return this.#change(at("/v1/leases/{}/release", name), input, options);
  }

  async listBuilds(options?: CallOptions): Promise<readonly BuildView[]> {
    return (await this.#get<PageOf<BuildView>>("/v1/builds", {}, options)).items;
  }

  /** What the author of a request fills in for an input. Writes nothing. */
  digests(build: string, input: unknown, options?: CallOptions): Promise<Digests> {
    return this.#transport.send({ method: "POST", path: at("/v1/builds/{}/digests", build), body: { input } }, options);
  }

  startRun(input: RunInput, options?: CallOptions): Promise<RunView> {
    return this.#change("/v1/runs", input, options);
  }

  listRuns(query: Query = {}, options?: CallOptions): Promise<PageOf<RunSummary>> {
    return this.#get("/v1/runs", query, options);
  }

  readRun(root: string, options?: CallOptions): Promise<RunView> {
    return this.#get(at("/v1/runs/{}", root), {}, options);
  }

  resumeRun(root: string, options?: CallOptions): Promise<RunView> {
    return this.#change(at("/v1/runs/{}/resume", root), undefined, options);
  }

  /** Rolls a finished run back, as a run of its own. */
  rollbackRun(root: string, input: RollbackInput, options?: CallOptions): Promise<RunView> {
    return this.#change(at("/v1/runs/{}/rollback", root), input, options);
  }

  /** Follows a run to its end, from the event after `after` on. @throws ClientProblem when there is no such run */
  watchRun(
    root: string,
    options: { readonly after?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<RunEvent, RunEnd> {
    const path = at("/v1/runs/{}/events", root);
    const open = (after: number) => this.#transport.open(path, { "last-event-id": String(after) }, options.signal);
    return followRun(open, options.after ?? 0, options.signal);
  }

  readRehearsal(ref: string, options?: CallOptions): Promise<Rehearsal> {
    return this.#get(at("/v1/rehearsals/{}", ref), {}, options);
  }

  /** The evidence of a grant as it was signed, byte for byte, or as a page to read (OPEN-5). */
  grantEvidence(authCode: string, as: "file" | "page" = "file", options?: CallOptions): Promise<string> {
    return this.#evidence(at("/v1/grants/{}/evidence", authCode), as, options);
  }

  /** The evidence of a run, with what let it in. */
  runEvidence(root: string, as: "file" | "page" = "file", options?: CallOptions): Promise<string> {
    return this.#evidence(at("/v1/runs/{}/evidence", root), as, options);
  }

  #evidence(path: string, as: "file" | "page", options?: CallOptions): Promise<string> {
    const headers = () => ({ accept: as === "page" ? "text/html" : "application/json" });
    return this.#transport.sendForText({ method: "GET", path, headers }, options);
  }

  auditEvents(query: Query = {}, options?: CallOptions): Promise<PageOf<AuditEvent>> {
    return this.#get("/v1/audit/events", query, options);
  }

  auditCheckpoint(options?: CallOptions): Promise<LogCheckpoint> {
    return this.#get("/v1/audit/checkpoint", {}, options);
  }

  /** @param query `seq`, and `size` of a signed head where it is not to be the latest */
  proveInclusion(query: Query, options?: CallOptions): Promise<InclusionProof> {
    return this.#get("/v1/audit/proofs/inclusion", query, options);
  }

  /** @param query `first` and `second`: sizes of the log */
  proveConsistency(query: Query, options?: CallOptions): Promise<ConsistencyProof> {
    return this.#get("/v1/audit/proofs/consistency", query, options);
  }

  /** @param query `start` and `limit` */
  auditLeaves(query: Query = {}, options?: CallOptions): Promise<LogLeaves> {
    return this.#get("/v1/audit/leaves", query, options);
  }

  doctor(options?: CallOptions): Promise<Diagnosis> {
    return this.#get("/v1/doctor", {}, options);
  }
}
