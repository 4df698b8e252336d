import { html, nothing } from "lit";
import type { RunSummary } from "../../../runs/index.ts";
import { Screen } from "../../element.ts";
import { type Column, duration, Pages, shown } from "../../parts/index.ts";
import { pathTo } from "../../paths.ts";
import { type Filter, filterForm, queryOf } from "../frame/filters.ts";

const filters: readonly Filter[] = [
  {
    name: "status",
    label: "filter.status",
    choices: ["running", "compensating", "indeterminate", "stopped", "succeeded"],
  },
  { name: "failed", label: "runs.attention", choices: ["true"], family: "runs.failed" },
  { name: "build", label: "runs.build" },
  { name: "target", label: "runs.target" },
  { name: "executor", label: "grants.executor" },
  { name: "auth_code", label: "runs.authority" },
];

/** All runs, newest first; those that somebody has to look at by a filter. */
export class CsRuns extends Screen {
  readonly #pages = new Pages<RunSummary>(this);

  protected override arrived(): void {
    const query = queryOf(this.query, filters);
    void this.#pages.start((cursor, signal) => this.app.client.listRuns({ ...query, cursor }, { signal }));
  }

  #columns(): readonly Column<RunSummary>[] {
    const { app } = this;
    return [
      { name: app.t("runs.root"), render: ({ idempotency_root }) => shown(idempotency_root) },
      {
        name: app.t("filter.status"),
        render: (run) =>
          html`<cs-status .app=${app} value=${run.status}></cs-status>
            ${run.stop_state === null ? nothing : html`<br /><code class="small">${shown(run.stop_state)}</code>`}`,
      },
      { name: app.t("runs.state"), render: ({ state }) => html`<code>${shown(state)}</code>`, kind: "tight" },
      {
        name: app.t("runs.build"),
        render: ({ build, mode }) => html`${shown(build)}<br /><span class="muted">${app.word("mode", mode)}</span>`,
      },
      {
        name: app.t("runs.target"),
        render: ({ target, environment }) =>
          html`${shown(target)}<br /><span class="muted">${shown(environment)}</span>`,
      },
      { name: app.t("grants.executor"), render: ({ executor }) => shown(executor) },
      { name: app.t("runs.began"), render: ({ created_at }) => html`<cs-time .app=${app} at=${created_at}></cs-time>` },
      {
        name: app.t("runs.took"),
        kind: "num",
        render: ({ created_at, finished_at }) =>
          finished_at === null ? "–" : duration(Date.parse(finished_at) - Date.parse(created_at)),
      },
    ];
  }

  protected override render() {
    const { app } = this;
    const request = { method: "GET" as const, path: "/v1/runs", query: queryOf(this.query, filters) };
    return html`<header class="page-head">
        <h1>${app.t("nav.runs")}</h1>
        <cs-copy-curl .app=${app} .request=${request}></cs-copy-curl>
      </header>
      ${filterForm(app, "/runs", this.query, filters)}
      <cs-table
        .app=${app}
        .columns=${this.#columns()}
        .pages=${this.#pages}
        .link=${({ idempotency_root }: RunSummary) => pathTo("runs", idempotency_root)}
        label=${app.t("nav.runs")}
        empty=${app.t("runs.none")}
      ></cs-table>`;
  }
}
customElements.define("cs-runs", CsRuns);
