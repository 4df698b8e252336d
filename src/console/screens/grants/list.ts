import { html } from "lit";
import type { Grant } from "../../../grants/index.ts";
import { Screen } from "../../element.ts";
import { type Column, Pages, shown } from "../../parts/index.ts";
import { pathTo } from "../../paths.ts";
import { type Filter, filterForm, queryOf } from "../frame/filters.ts";

const filters: readonly Filter[] = [
  { name: "q", label: "filter.search" },
  { name: "status", label: "filter.status", choices: ["draft", "active", "consumed", "revoked", "expired"] },
  { name: "target", label: "grants.target" },
  { name: "environment", label: "grants.environment" },
  { name: "executor", label: "grants.executor" },
  { name: "request_ref", label: "grants.request" },
];

/** All grants, newest first. */
export class CsGrants extends Screen {
  readonly #pages = new Pages<Grant>(this);

  protected override arrived(): void {
    const query = queryOf(this.query, filters);
    void this.#pages.start((cursor, signal) => this.app.client.listGrants({ ...query, cursor }, { signal }));
  }

  #columns(): readonly Column<Grant>[] {
    const { app } = this;
    return [
      { name: app.t("grants.code"), render: ({ auth_code }) => shown(auth_code) },
      {
        name: app.t("filter.status"),
        render: ({ status }) => html`<cs-status .app=${app} value=${status}></cs-status>`,
      },
      { name: app.t("grants.mode"), render: ({ mode }) => app.word("mode", mode), kind: "tight" },
      {
        name: app.t("grants.target"),
        render: ({ bindings: { target, environment } }) =>
          html`${shown(target)}<br /><span class="muted">${shown(environment)}</span>`,
      },
      { name: app.t("grants.executor"), render: ({ bindings }) => shown(bindings.executor) },
      {
        name: app.t("grants.minted"),
        render: ({ granted_at }) => html`<cs-time .app=${app} at=${granted_at}></cs-time>`,
      },
      {
        name: app.t("grants.expires"),
        render: ({ status, expires_at }) =>
          html`<cs-time .app=${app} at=${expires_at} ?countdown=${status === "draft" || status === "active"}></cs-time>`,
      },
    ];
  }

  protected override render() {
    const { app } = this;
    const request = { method: "GET" as const, path: "/v1/grants", query: queryOf(this.query, filters) };
    return html`<header class="page-head">
        <h1>${app.t("nav.grants")}</h1>
        <cs-copy-curl .app=${app} .request=${request}></cs-copy-curl>
      </header>
      ${filterForm(app, "/grants", this.query, filters)}
      <cs-table
        .app=${app}
        .columns=${this.#columns()}
        .pages=${this.#pages}
        .link=${({ auth_code }: Grant) => pathTo("grants", auth_code)}
        label=${app.t("nav.grants")}
        empty=${app.t("grants.none")}
      ></cs-table>`;
  }
}
customElements.define("cs-grants", CsGrants);
