import { ApprovalCalls } from "./approvals.ts";
import { at } from "./calls.ts";
import { LifecycleCalls } from "./lifecycle.ts";
import type { CallOptions, ClientOptions } from "./options.ts";
import type { PageOf } from "./pages.ts";
import type { QueryOf } from "./queries.ts";
import { PlanCalls } from "./plans.ts";
import { type FollowOptions, followRun, type RunEnd } from "./progress.ts";
import { SessionCalls } from "./session.ts";
import { Transport } from "./transport.ts";
import { WebhookCalls } from "./webhooks.ts";
import type {
  AuditEvent,
  BuildView,
  ConsistencyProof,
  Diagnosis,
  Digests,
  Hold,
  HoldInput,
  InclusionProof,
  Lease,
  LiftInput,
  LogCheckpoint,
  LogLeaves,
  Rehearsal,
  ReleaseLease,
  RenewLease,
  RollbackInput,
  Run as RunView,
  RunEvent,
  RunInput,
  RunSummary,
  Scope,
  ScopeInput,
} from "./shapes.ts";

/** The service's routes as one caller. Every method throws ClientProblem, or a class of it, when it is refused. */
export class Client extends ApprovalCalls {
  /** Plans, their steps and the records that let a step be committed. */
  readonly plans: PlanCalls;
  /** Units, their transitions and the gateway that these pass. */
  readonly lifecycle: LifecycleCalls;
  /** Signing in from a browser. */
  readonly session: SessionCalls;
  /** Who is told what happened. */
  readonly webhooks: WebhookCalls;

  constructor(options: ClientOptions);
  constructor(url: string, token: string);
  constructor(options: ClientOptions | string, token = "") {
    const transport = new Transport(typeof options === "string" ? { url: options, token } : options);
    super(transport);
    this.plans = new PlanCalls(transport);
    this.lifecycle = new LifecycleCalls(transport);
    this.session = new SessionCalls(transport);
    this.webhooks = new WebhookCalls(transport);
  }

  listScopes(query: QueryOf<"/v1/scopes"> = {}, options?: CallOptions): Promise<PageOf<Scope>> {
    return this.get("/v1/scopes", query, options);
  }

  eachScope(query?: QueryOf<"/v1/scopes">, options?: CallOptions): AsyncGenerator<Scope, void> {
    return this.every("/v1/scopes", query, options);
  }

  registerScope(input: ScopeInput, options?: CallOptions): Promise<Scope> {
    return this.change("/v1/scopes", input, options);
  }

  retireScope(id: string, options?: CallOptions): Promise<Scope> {
    return this.change(at("/v1/scopes/{}/retire", id), undefined, options);
  }

  listHolds(query: QueryOf<"/v1/holds"> = {}, options?: CallOptions): Promise<PageOf<Hold>> {
    return this.get("/v1/holds", query, options);
  }

  eachHold(query?: QueryOf<"/v1/holds">, options?: CallOptions): AsyncGenerator<Hold, void> {
    return this.every("/v1/holds", query, options);
  }

  readHold(id: string, options?: CallOptions): Promise<Hold> {
    return this.get(at("/v1/holds/{}", id), {}, options);
  }

  placeHold(input: HoldInput, options?: CallOptions): Promise<Hold> {
    return this.change("/v1/holds", input, options);
  }

  liftHold(id: string, input: LiftInput, options?: CallOptions): Promise<Hold> {
    return this.change(at("/v1/holds/{}/lift", id), input, options);
  }

  listLeases(query: QueryOf<"/v1/leases"> = {}, options?: CallOptions): Promise<PageOf<Lease>> {
    return this.get("/v1/leases", query, options);
  }

  eachLease(query?: QueryOf<"/v1/leases">, options?: CallOptions): AsyncGenerator<Lease, void> {
    return this.every("/v1/leases", query, options);
  }

  readLease(name: string, options?: CallOptions): Promise<Lease> {
    return this.get(at("/v1/leases/{}", name), {}, options);
  }

  renewLease(name: string, input: RenewLease, options?: CallOptions): Promise<Lease> {
    return this.change(at("/v1/leases/{}/renew", name), input, options);
  }

  releaseLease(name: string, input: ReleaseLease, options?: CallOptions): Promise<Lease> {
    return this.change(at("/v1/leases/{}/release", name), input, options);
  }

  async listBuilds(options?: CallOptions): Promise<readonly BuildView[]> {
    return (await this.get<PageOf<BuildView>>("/v1/builds", {}, options)).items;
  }

  /** What the author of a request fills in for an input. Writes nothing. */
  digests(build: string, input: unknown, options?: CallOptions): Promise<Digests> {
    return this.ask(at("/v1/builds/{}/digests", build), { input }, options);
  }

  startRun(input: RunInput, options?: CallOptions): Promise<RunView> {
    return this.change("/v1/runs", input, options);
  }

  listRuns(query: QueryOf<"/v1/runs"> = {}, options?: CallOptions): Promise<PageOf<RunSummary>> {
    return this.get("/v1/runs", query, options);
  }

  eachRun(query?: QueryOf<"/v1/runs">, options?: CallOptions): AsyncGenerator<RunSummary, void> {
    return this.every("/v1/runs", query, options);
  }

  readRun(root: string, options?: CallOptions): Promise<RunView> {
    return this.get(at("/v1/runs/{}", root), {}, options);
  }

  resumeRun(root: string, options?: CallOptions): Promise<RunView> {
    return this.change(at("/v1/runs/{}/resume", root), undefined, options);
  }

  /** Rolls a finished run back, as a run of its own. */
  rollbackRun(root: string, input: RollbackInput, options?: CallOptions): Promise<RunView> {
    return this.change(at("/v1/runs/{}/rollback", root), input, options);
  }

  /**
   * Follows a run to its end, from the event after `after` on. A stream that is lost is opened again where it broke off.
   * @throws ClientProblem when there is no such run, or the stream is lost too often in a row
   */
  runEvents(root: string, options: FollowOptions = {}): AsyncGenerator<RunEvent, RunEnd> {
    const path = at("/v1/runs/{}/events", root);
    const open = (after: number, signal: AbortSignal) =>
      this.openStream(path, { "last-event-id": String(after) }, signal);
    return followRun(open, options);
  }

  /** The same by its earlier name. */
  watchRun(...asked: Parameters<Client["runEvents"]>): AsyncGenerator<RunEvent, RunEnd> {
    return this.runEvents(...asked);
  }

  readRehearsal(ref: string, options?: CallOptions): Promise<Rehearsal> {
    return this.get(at("/v1/rehearsals/{}", ref), {}, options);
  }

  /** The evidence of a grant as it was signed, byte for byte, or as a page to read (OPEN-5). */
  grantEvidence(authCode: string, as: "file" | "page" = "file", options?: CallOptions): Promise<string> {
    return this.text(at("/v1/grants/{}/evidence", authCode), evidenceTypes[as], options);
  }

  /** The evidence of a run, with what let it in. */
  runEvidence(root: string, as: "file" | "page" = "file", options?: CallOptions): Promise<string> {
    return this.text(at("/v1/runs/{}/evidence", root), evidenceTypes[as], options);
  }

  auditEvents(query: QueryOf<"/v1/audit/events"> = {}, options?: CallOptions): Promise<PageOf<AuditEvent>> {
    return this.get("/v1/audit/events", query, options);
  }

  eachAuditEvent(query?: QueryOf<"/v1/audit/events">, options?: CallOptions): AsyncGenerator<AuditEvent, void> {
    return this.every("/v1/audit/events", query, options);
  }

  auditCheckpoint(options?: CallOptions): Promise<LogCheckpoint> {
    return this.get("/v1/audit/checkpoint", {}, options);
  }

  /** @param query `seq`, and `size` of a signed head where it is not to be the latest */
  proveInclusion(query: QueryOf<"/v1/audit/proofs/inclusion">, options?: CallOptions): Promise<InclusionProof> {
    return this.get("/v1/audit/proofs/inclusion", query, options);
  }

  /** @param query `first` and `second`: sizes of the log */
  proveConsistency(query: QueryOf<"/v1/audit/proofs/consistency">, options?: CallOptions): Promise<ConsistencyProof> {
    return this.get("/v1/audit/proofs/consistency", query, options);
  }

  /** @param query `start` and `limit` */
  auditLeaves(query: QueryOf<"/v1/audit/leaves"> = {}, options?: CallOptions): Promise<LogLeaves> {
    return this.get("/v1/audit/leaves", query, options);
  }

  doctor(options?: CallOptions): Promise<Diagnosis> {
    return this.get("/v1/doctor", {}, options);
  }
}

const evidenceTypes = { file: "application/json", page: "text/html" } as const;
