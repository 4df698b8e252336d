import { html, nothing } from "lit";
import type { ApprovalRequest } from "../../../approvals/index.ts";
import { ClientProblem } from "../../../client/index.ts";
import type { PlanView } from "../../../plans/index.ts";
import { canonicalJson, sha256 } from "../../canonical.ts";
import { Screen } from "../../element.ts";
import { type CsDialog, type CurlRequest, icons, Load, shown } from "../../parts/index.ts";
import { comparisonCard, differenceLines, differenceOf } from "./comparison.ts";
import { contentCards, type Seen } from "./content.ts";
import { ballot, type Decision, decisionCard } from "./decision.ts";
import { planCard, planNamed } from "./plan.ts";

/** One request: exactly what would be approved, and the vote on it. */
export class CsRequest extends Screen {
  static override properties = {
    ...Screen.properties,
    deciding: { state: true },
    outdated: { state: true },
  };
  /** What the open dialog is about. */
  declare deciding: Decision | "withdraw";
  /** The content that was on the screen when the service said that it is no longer the one. */
  declare outdated: ApprovalRequest | undefined;
  readonly #seen = new Load<Seen>(this);
  readonly #earlier = new Load<ApprovalRequest | undefined>(this);
  readonly #plan = new Load<PlanView>(this);

  constructor() {
    super();
    this.deciding = "approve";
  }

  get #code(): string {
    return this.params["apr_code"] ?? "";
  }

  protected override arrived(anew: boolean): void {
    if (!anew) return;
    this.outdated = undefined;
    this.#seen.clear();
    this.#earlier.clear();
    this.#plan.clear();
    this.setTitle(this.#code);
    void this.#load().then(() => this.#loadBeside());
  }

  async #load(): Promise<Seen | undefined> {
    return this.#seen.run(async (signal) => {
      const request = await this.app.client.readRequest(this.#code, { signal });
      const canonical = canonicalJson(request.request);
      return { request, canonical, computed: await sha256(canonical) };
    });
  }

  /** What it is compared with, and its plan: the request can be read without them. */
  async #loadBeside(): Promise<void> {
    const request = this.#seen.value?.request;
    if (request === undefined) return;
    const { client } = this.app;
    const plan = planNamed(request.request);
    await Promise.all([
      this.#earlier.run(async (signal) => {
        const { items } = await client.listRequests({ comparable_to: request.apr_code, limit: 1 }, { signal });
        return items[0] && client.readRequest(items[0].apr_code, { signal });
      }),
      plan && this.#plan.run((signal) => client.plans.read(plan.id, plan.revision, { signal })),
    ]);
  }

  get #dialog(): CsDialog | null {
    return this.querySelector("cs-dialog");
  }

  async #ask(what: Decision | "withdraw"): Promise<void> {
    this.deciding = what;
    await this.updateComplete;
    await this.#dialog?.show();
  }

  async #decide(reason: string): Promise<void> {
    const seen = this.#seen.value;
    if (seen === undefined) return;
    const { client } = this.app;
    const { apr_code, apr_digest } = seen.request;
    const { deciding } = this;
    if (deciding === "withdraw") await client.withdraw(apr_code);
    else await this.#vote(seen.request, { decision: deciding, apr_digest, reason });
    this.outdated = undefined;
    await this.#load();
    this.app.toast(this.app.t(`request.done.${deciding}`));
  }

  /** The vote is on what is on the screen. If that is stale, the dialog goes, and what changed is shown first. */
  async #vote(
    request: ApprovalRequest,
    vote: { decision: Decision; apr_digest: string; reason: string },
  ): Promise<void> {
    try {
      await this.app.client.vote(request.apr_code, vote);
    } catch (error) {
      if (error instanceof ClientProblem && error.code === "VOTE_DIGEST_STALE") {
        await this.#load();
        this.outdated = request;
        this.#dialog?.close();
        await this.updateComplete;
        this.querySelector<HTMLElement>("#stale-heading")?.focus();
      }
      throw error;
    }
  }

  protected override render() {
    const { app } = this;
    const seen = this.#seen.value;
    const problem = html`<cs-problem .app=${app} .error=${this.#seen.problem} .retry=${() => this.#load()}></cs-problem>`;
    if (seen === undefined) {
      return html`<header class="page-head"><h1>${this.#code}</h1></header>
        ${problem} ${this.#seen.busy ? html`<p class="muted" role="status">${app.t("app.loading")}</p>` : nothing}`;
    }
    const { request } = seen;
    const path = `/v1/approval-requests/${encodeURIComponent(request.apr_code)}`;
    return html`<header class="page-head">
        <h1>${shown(request.title)}</h1>
        <span class="grow"></span>
        <button type="button" class="quiet" @click=${() => this.#load()}>${app.t("action.refresh")}</button>
        <cs-copy-curl .app=${app} .request=${{ method: "GET", path }}></cs-copy-curl>
        <p>
          <code>${request.apr_code}</code> · ${app.t("requests.by", { principal: request.requested_by })} ·
          <cs-time .app=${app} at=${request.created_at} exact></cs-time>
        </p>
      </header>
      ${problem} ${this.#stale(request)}
      <div class="two-columns">
        <div>${contentCards(app, seen)} ${this.#comparison(request)} ${this.#planSection(request)}</div>
        ${decisionCard(app, seen, {
          vote: (decision) => void this.#ask(decision),
          withdraw: () => void this.#ask("withdraw"),
        })}
      </div>
      ${this.#asked(seen, path)}`;
  }

  #asked(seen: Seen, path: string) {
    const { app, deciding } = this;
    const withdraws = deciding === "withdraw";
    const curl = (reason: string): CurlRequest =>
      withdraws
        ? { method: "POST", path: `${path}/withdraw` }
        : {
            method: "POST",
            path: `${path}/votes`,
            body: { decision: deciding, apr_digest: seen.request.apr_digest, reason },
          };
    return html`<cs-dialog
      .app=${app}
      .heading=${app.t(`request.ask.${deciding}`)}
      .label=${app.t(`request.${deciding}`)}
      .danger=${deciding !== "approve"}
      .reason=${withdraws ? "none" : "required"}
      .draft=${`request:${seen.request.apr_code}`}
      .body=${withdraws ? html`<p>${app.t("request.withdrawText")}</p>` : ballot(app, seen, deciding)}
      .work=${(reason: string) => this.#decide(reason)}
      .curl=${curl}
    ></cs-dialog>`;
  }

  /** What changed under the reader's eyes; the vote is asked for again, on the new content. */
  #stale(now: ApprovalRequest) {
    const { app, outdated } = this;
    if (outdated === undefined) return nothing;
    return html`<section class="note bad stale" aria-labelledby="stale-heading">
      ${icons.warn}
      <div>
        <h2 id="stale-heading" tabindex="-1">${app.t("request.stale")}</h2>
        <p>${app.t("request.staleText")}</p>
        ${differenceLines(app, differenceOf(outdated.request, now.request))}
      </div>
    </section>`;
  }

  #comparison(request: ApprovalRequest) {
    const { app } = this;
    const { value, problem, busy } = this.#earlier;
    if (value !== undefined) return comparisonCard(app, request, value);
    return html`<section class="card" aria-labelledby="diff-heading">
      <h2 id="diff-heading">${app.t("request.diff")}</h2>
      <cs-problem .app=${app} .error=${problem}></cs-problem>
      ${
        problem !== undefined
          ? nothing
          : html`<p class="muted">${app.t(busy ? "app.loading" : "request.diffFirst")}</p>`
      }
    </section>`;
  }

  #planSection(request: ApprovalRequest) {
    const { app } = this;
    const { value, problem } = this.#plan;
    if (value !== undefined) return planCard(app, value, request.request);
    if (planNamed(request.request) === undefined || problem === undefined) return nothing;
    const unknown = problem instanceof ClientProblem && (problem.status === 404 || problem.status === 400);
    return html`<section class="card" aria-labelledby="plan-heading">
      <h2 id="plan-heading">${app.t("request.plan")}</h2>
      ${
        unknown
          ? html`<p class="muted">${app.t("request.planUnknown")}</p>`
          : html`<cs-problem .app=${app} .error=${problem}></cs-problem>`
      }
    </section>`;
  }
}
customElements.define("cs-request", CsRequest);
