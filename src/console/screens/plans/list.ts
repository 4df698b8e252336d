import { html } from "lit";
import type { PlanSummary } from "../../../plans/index.ts";
import { Screen } from "../../element.ts";
import { type Column, Pages, shown } from "../../parts/index.ts";
import { pathTo } from "../../paths.ts";
import { type Filter, filterForm, queryOf } from "../frame/filters.ts";

const filters: readonly Filter[] = [{ name: "plan_id", label: "plans.plan" }];

/** All registered revisions of plans, newest first. */
export class CsPlans extends Screen {
  readonly #pages = new Pages<PlanSummary>(this);

  protected override arrived(): void {
    const query = queryOf(this.query, filters);
    void this.#pages.start((cursor, signal) => this.app.client.plans.list({ ...query, cursor }, { signal }));
  }

  #columns(): readonly Column<PlanSummary>[] {
    const { app } = this;
    return [
      {
        name: app.t("plans.plan"),
        render: ({ plan_id, revision }) => html`${shown(plan_id)} · ${app.t("plans.revision")} ${shown(revision)}`,
      },
      { name: app.t("plans.title"), render: ({ title }) => shown(title), kind: "wide" },
      { name: app.t("runs.target"), render: ({ target }) => shown(target) },
      {
        name: app.t("plans.digest"),
        render: ({ plan_digest }) => html`<cs-digest .app=${app} value=${plan_digest}></cs-digest>`,
      },
      { name: app.t("plans.registeredBy"), render: ({ registered_by }) => shown(registered_by) },
      {
        name: app.t("plans.registered"),
        render: ({ registered_at }) => html`<cs-time .app=${app} at=${registered_at}></cs-time>`,
      },
    ];
  }

  protected override render() {
    const { app } = this;
    const request = { method: "GET" as const, path: "/v1/plans", query: queryOf(this.query, filters) };
    return html`<header class="page-head">
        <h1>${app.t("nav.plans")}</h1>
        <cs-copy-curl .app=${app} .request=${request}></cs-copy-curl>
      </header>
      ${filterForm(app, "/plans", this.query, filters)}
      <cs-table
        .app=${app}
        .columns=${this.#columns()}
        .pages=${this.#pages}
        .link=${({ plan_id, revision }: PlanSummary) => pathTo("plans", plan_id, revision)}
        label=${app.t("nav.plans")}
        empty=${app.t("plans.none")}
      ></cs-table>`;
  }
}
customElements.define("cs-plans", CsPlans);
