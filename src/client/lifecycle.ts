import type {
  Baseline,
  BaselineInput,
  CloseOut,
  Incident,
  LogLine,
  Manifest,
  ManifestInput,
  Outcome,
  ReviewDecision,
  ReviewDecisionInput,
  TransitionName,
  TransitionRequest,
  Unit,
  VerificationReport,
  WatchReport,
} from "../lifecycle/index.ts";
import type { Run } from "../runs/index.ts";
import type { PageOf } from "./plans.ts";
import type { CallOptions, Query, Transport } from "./transport.ts";

type Needed<Shape, Key extends keyof Shape> = { readonly [Name in Key]-?: NonNullable<Shape[Name]> };

/** One unit, asked about and not changed. */
export type DryTransition = Needed<TransitionRequest, "canonical_address" | "review_decision_id"> &
  Pick<TransitionRequest, "database" | "new_version_id" | "change_set_id" | "reason">;

/** One unit under a commit-mode grant: the `input` is a manifest's. */
export type GrantedTransition = Needed<TransitionRequest, "idempotency_root" | "auth_code" | "bindings" | "input"> &
  Pick<TransitionRequest, "target" | "work_within_seconds">;

const routes: Readonly<Record<TransitionName, string>> = {
  enact: "/v1/lifecycle/enactments",
  supersede: "/v1/lifecycle/supersessions",
  retire: "/v1/lifecycle/retirements",
};

/** The routes of units and their gateway (LIFE-1 to LIFE-7). Every method throws ClientProblem when it is refused. */
export class LifecycleCalls {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  #get<Answer>(path: string, query?: Query, options?: CallOptions): Promise<Answer> {
    return this.#transport.send<Answer>({ method: "GET", path, query }, options);
  }

  #change<Answer>(path: string, body: unknown, options?: CallOptions): Promise<Answer> {
    return this.#transport.send<Answer>({ method: "POST", path, body, changes: true }, options);
  }

  /** A question that has a body: nothing is written, so that it may be asked again. */
  #ask<Answer>(path: string, body: unknown, options?: CallOptions): Promise<Answer> {
    return this.#transport.send<Answer>({ method: "POST", path, body }, options);
  }

  /** What the council has decided of units; the target gets it afterwards, see `carried_at`. */
  recordDecision(input: ReviewDecisionInput, options?: CallOptions): Promise<ReviewDecision> {
    return this.#change("/v1/review-decisions", input, options);
  }

  listDecisions(query: Query = {}, options?: CallOptions): Promise<PageOf<ReviewDecision>> {
    return this.#get("/v1/review-decisions", query, options);
  }

  readDecision(id: string, options?: CallOptions): Promise<ReviewDecision> {
    return this.#get(`/v1/review-decisions/${encodeURIComponent(id)}`, {}, options);
  }

  /** Units with their versions, tried by the gateway, and the digests that a request for them is bound to. */
  manifest(input: ManifestInput, options?: CallOptions): Promise<Manifest> {
    return this.#ask("/v1/lifecycle/manifests", input, options);
  }

  /** What the gateway would say of one unit. Changes nothing. */
  dryRun(transition: TransitionName, input: DryTransition, options?: CallOptions): Promise<Outcome> {
    return this.#ask(routes[transition], { ...input, dry_run: true }, options);
  }

  enact(input: GrantedTransition, options?: CallOptions): Promise<Run> {
    return this.#change(routes.enact, input, options);
  }

  supersede(input: GrantedTransition, options?: CallOptions): Promise<Run> {
    return this.#change(routes.supersede, input, options);
  }

  retire(input: GrantedTransition, options?: CallOptions): Promise<Run> {
    return this.#change(routes.retire, input, options);
  }

  units(query: Query = {}, options?: CallOptions): Promise<PageOf<Unit>> {
    return this.#get("/v1/lifecycle/units", query, options);
  }

  log(query: Query = {}, options?: CallOptions): Promise<PageOf<LogLine>> {
    return this.#get("/v1/lifecycle/log", query, options);
  }

  /** All probes of a target's gateway (LIFE-5). Writes nothing. */
  verification(database?: string, options?: CallOptions): Promise<VerificationReport> {
    return this.#ask("/v1/lifecycle/verification", of(database), options);
  }

  /** The same as a page for people. */
  verificationPage(database?: string, options?: CallOptions): Promise<string> {
    const path = "/v1/lifecycle/verification";
    return this.#transport.sendForText({ method: "POST", path, body: of(database), headers: asPage }, options);
  }

  /** What a finished run was allowed to do, has done, and has left. */
  closeOut(root: string, options?: CallOptions): Promise<CloseOut> {
    return this.#get(closeOutOf(root), {}, options);
  }

  /** The same as a page for people. */
  closeOutPage(root: string, options?: CallOptions): Promise<string> {
    return this.#transport.sendForText({ method: "GET", path: closeOutOf(root), headers: asPage }, options);
  }

  /** Accepts the gateway as it is: the watch compares with it from here on. `gateway_digest` is the one that was reviewed. */
  takeBaseline(input: BaselineInput, options?: CallOptions): Promise<Baseline> {
    return this.#change("/v1/lifecycle/baselines", input, options);
  }

  listBaselines(query: Query = {}, options?: CallOptions): Promise<PageOf<Baseline>> {
    return this.#get("/v1/lifecycle/baselines", query, options);
  }

  /** Compares the gateway with the accepted one, now (OPEN-10). Each difference is an incident. */
  watch(database?: string, options?: CallOptions): Promise<WatchReport> {
    return this.#change("/v1/lifecycle/watch", of(database), options);
  }

  listIncidents(query: Query = {}, options?: CallOptions): Promise<PageOf<Incident>> {
    return this.#get("/v1/lifecycle/incidents", query, options);
  }

  resolveIncident(id: number, reason: string, options?: CallOptions): Promise<Incident> {
    return this.#change(`/v1/lifecycle/incidents/${id}/resolve`, { reason }, options);
  }
}

const closeOutOf = (root: string): string => `/v1/lifecycle/close-outs/${encodeURIComponent(root)}`;
const asPage = (): Readonly<Record<string, string>> => ({ accept: "text/html" });

function of(database: string | undefined): { readonly database?: string } {
  return database === undefined ? {} : { database };
}
