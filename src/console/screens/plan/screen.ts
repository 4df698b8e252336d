import { html, nothing, type TemplateResult } from "lit";
import type { PlanView } from "../../../plans/index.ts";
import { Screen } from "../../element.ts";
import { Load, shown } from "../../parts/index.ts";
import { saveAs } from "../frame/download.ts";
import { facts } from "../frame/facts.ts";
import { ledger } from "./ledger.ts";
import "./records.ts";
import { stepCard } from "./step.ts";

/** One revision of a plan: what its steps do, what was let happen, and what has happened. */
export class CsPlan extends Screen {
  readonly #plan = new Load<PlanView>(this);

  protected override arrived(anew: boolean): void {
    if (!anew) return;
    this.#plan.clear();
    this.setTitle(this.#name);
    this.#read();
  }

  get #name(): string {
    return `${this.params["id"] ?? ""} · ${this.params["revision"] ?? ""}`;
  }

  #read(): void {
    const { id = "", revision = "" } = this.params;
    void this.#plan.run((signal) => this.app.client.plans.read(id, revision, { signal }));
  }

  protected override render() {
    const { app } = this;
    const { value: plan, problem } = this.#plan;
    if (plan === undefined) {
      return html`<h1>${shown(this.#name)}</h1>
        ${
          problem === undefined
            ? html`<p class="muted" role="status">${app.t("list.loading")}</p>`
            : html`<cs-problem .app=${app} .error=${problem} .retry=${() => this.#read()}></cs-problem>`
        }`;
    }
    const contents = contentsOf(plan);
    const next = plan.steps.find(({ status }) => status === "open")?.step;
    return html`${this.#head(plan)}
      <section aria-labelledby="steps">
        <h2 id="steps">${app.t("plans.steps")}</h2>
        ${plan.steps.map((step) => stepCard(app, step, contents.get(step.step) ?? {}, step.step === next))}
      </section>
      <section class="card" aria-labelledby="records">
        <h2 id="records">${app.t("plans.m1")}</h2>
        <cs-plan-records
          .app=${app}
          plan=${plan.plan_id}
          revision=${plan.revision}
          .changed=${() => this.#read()}
        ></cs-plan-records>
      </section>
      <section class="card" aria-labelledby="ledger">
        <h2 id="ledger">${app.t("plans.ledger")}</h2>
        ${ledger(app, plan.ledger)}
      </section>`;
  }

  #head(plan: PlanView): TemplateResult {
    const { app } = this;
    const path = `/v1/plans/${encodeURIComponent(plan.plan_id)}/revisions/${encodeURIComponent(plan.revision)}`;
    const content = plan.content as Readonly<Record<string, unknown>> | null;
    const description = content?.["description"];
    return html`<header class="page-head">
        <div>
          <h1>${shown(plan.title)}</h1>
          <p class="tags">${shown(plan.plan_id)} · ${app.t("plans.revision")} ${shown(plan.revision)}</p>
        </div>
        <div class="actions">
          <button type="button" @click=${() => saveAs(`${plan.plan_id}.${plan.revision}.yaml`, plan.source, "application/yaml")}>
            ${app.t("plans.source")}
          </button>
          <cs-copy-curl .app=${app} .request=${{ method: "GET", path }}></cs-copy-curl>
        </div>
      </header>
      <section class="card">
        ${typeof description === "string" ? html`<p class="prose">${shown(description.trim())}</p>` : nothing}
        ${facts(app, [
          ["runs.target", plan.target],
          ["plans.digest", html`<cs-digest .app=${app} value=${plan.plan_digest}></cs-digest>`],
          ["plans.registeredBy", plan.registered_by],
          ["plans.registered", html`<cs-time .app=${app} at=${plan.registered_at} exact></cs-time>`],
        ])}
      </section>`;
  }
}
customElements.define("cs-plan", CsPlan);

/** The steps as the file has them, by their number. */
function contentsOf({ content }: PlanView): Map<unknown, Readonly<Record<string, unknown>>> {
  const steps = (content as { readonly steps?: unknown } | null)?.steps;
  const known = Array.isArray(steps) ? (steps as Readonly<Record<string, unknown>>[]) : [];
  return new Map(known.map((step) => [step["step"], step]));
}
