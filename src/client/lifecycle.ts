import { Calls } from "./calls.ts";
import type { CallOptions } from "./options.ts";
import type { PageOf } from "./pages.ts";
import type { QueryOf } from "./queries.ts";
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
  Run,
  TransitionName,
  TransitionRequest,
  Unit,
  VerificationReport,
  WatchReport,
} from "./shapes.ts";

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
export class LifecycleCalls extends Calls {
  /** What the council has decided of units; the target gets it afterwards, see `carried_at`. */
  recordDecision(input: ReviewDecisionInput, options?: CallOptions): Promise<ReviewDecision> {
    return this.change("/v1/review-decisions", input, options);
  }

  listDecisions(query: QueryOf<"/v1/review-decisions"> = {}, options?: CallOptions): Promise<PageOf<ReviewDecision>> {
    return this.get("/v1/review-decisions", query, options);
  }

  eachDecision(query?: QueryOf<"/v1/review-decisions">, options?: CallOptions): AsyncGenerator<ReviewDecision, void> {
    return this.every("/v1/review-decisions", query, options);
  }

  readDecision(id: string, options?: CallOptions): Promise<ReviewDecision> {
    return this.get(`/v1/review-decisions/${encodeURIComponent(id)}`, {}, options);
  }

  /** Units with their versions, tried by the gateway, and the digests that a request for them is bound to. */
  manifest(input: ManifestInput, options?: CallOptions): Promise<Manifest> {
    return this.ask("/v1/lifecycle/manifests", input, options);
  }

  /** What the gateway would say of one unit. Changes nothing. */
  dryRun(transition: TransitionName, input: DryTransition, options?: CallOptions): Promise<Outcome> {
    return this.ask(routes[transition], { ...input, dry_run: true }, options);
  }

  enact(input: GrantedTransition, options?: CallOptions): Promise<Run> {
    return this.change(routes.enact, input, options);
  }

  supersede(input: GrantedTransition, options?: CallOptions): Promise<Run> {
    return this.change(routes.supersede, input, options);
  }

  retire(input: GrantedTransition, options?: CallOptions): Promise<Run> {
    return this.change(routes.retire, input, options);
  }

  units(query: QueryOf<"/v1/lifecycle/units"> = {}, options?: CallOptions): Promise<PageOf<Unit>> {
    return this.get("/v1/lifecycle/units", query, options);
  }

  eachUnit(query?: QueryOf<"/v1/lifecycle/units">, options?: CallOptions): AsyncGenerator<Unit, void> {
    return this.every("/v1/lifecycle/units", query, options);
  }

  log(query: QueryOf<"/v1/lifecycle/log"> = {}, options?: CallOptions): Promise<PageOf<LogLine>> {
    return this.get("/v1/lifecycle/log", query, options);
  }

  eachLogLine(query?: QueryOf<"/v1/lifecycle/log">, options?: CallOptions): AsyncGenerator<LogLine, void> {
    return this.every("/v1/lifecycle/log", query, options);
  }

  /** All probes of a target's gateway (LIFE-5). Writes nothing. */
  verification(database?: string, options?: CallOptions): Promise<VerificationReport> {
    return this.ask("/v1/lifecycle/verification", of(database), options);
  }

  /** The same as a page for people. */
  verificationPage(database?: string, options?: CallOptions): Promise<string> {
    const path = "/v1/lifecycle/verification";
    return this.sendForText({ method: "POST", path, body: of(database), headers: asPage, kind: "ask" }, options);
  }

  /** What a finished run was allowed to do, has done, and has left. */
  closeOut(root: string, options?: CallOptions): Promise<CloseOut> {
    return this.get(closeOutOf(root), {}, options);
  }

  /** The same as a page for people. */
  closeOutPage(root: string, options?: CallOptions): Promise<string> {
    return this.text(closeOutOf(root), "text/html", options);
  }

  /** Accepts the gateway as it is: the watch compares with it from here on. `gateway_digest` is the one that was reviewed. */
  takeBaseline(input: BaselineInput, options?: CallOptions): Promise<Baseline> {
    return this.change("/v1/lifecycle/baselines", input, options);
  }

  listBaselines(query: QueryOf<"/v1/lifecycle/baselines"> = {}, options?: CallOptions): Promise<PageOf<Baseline>> {
    return this.get("/v1/lifecycle/baselines", query, options);
  }

  eachBaseline(query?: QueryOf<"/v1/lifecycle/baselines">, options?: CallOptions): AsyncGenerator<Baseline, void> {
    return this.every("/v1/lifecycle/baselines", query, options);
  }

  /** Compares the gateway with the accepted one, now (OPEN-10). Each difference is an incident. */
  watch(database?: string, options?: CallOptions): Promise<WatchReport> {
    return this.change("/v1/lifecycle/watch", of(database), options);
  }

  listIncidents(query: QueryOf<"/v1/lifecycle/incidents"> = {}, options?: CallOptions): Promise<PageOf<Incident>> {
    return this.get("/v1/lifecycle/incidents", query, options);
  }

  eachIncident(query?: QueryOf<"/v1/lifecycle/incidents">, options?: CallOptions): AsyncGenerator<Incident, void> {
    return this.every("/v1/lifecycle/incidents", query, options);
  }

  resolveIncident(id: number, reason: string, options?: CallOptions): Promise<Incident> {
    return this.change(`/v1/lifecycle/incidents/${id}/resolve`, { reason }, options);
  }
}

const closeOutOf = (root: string): string => `/v1/lifecycle/close-outs/${encodeURIComponent(root)}`;
const asPage = (): Readonly<Record<string, string>> => ({ accept: "text/html" });

function of(database: string | undefined): { readonly database?: string } {
  return database === undefined ? {} : { database };
}
