import { html, nothing } from "lit";
import type { AuditEvent } from "../../../evidence/index.ts";
import { hasRole } from "../../app-context.ts";
import { Screen } from "../../element.ts";
import { type Column, Pages, shown } from "../../parts/index.ts";
import { type Filter, filterForm, queryOf } from "../frame/filters.ts";
import "./event.ts";

const filters: readonly Filter[] = [
  { name: "actor", label: "audit.actor" },
  { name: "action", label: "audit.action", placeholder: "grant.consumed" },
  { name: "resource_type", label: "audit.resourceType", placeholder: "grant" },
  { name: "resource_id", label: "audit.resource" },
  { name: "from", label: "audit.from", placeholder: "2026-06-23T00:00:00Z" },
  { name: "to", label: "audit.to", placeholder: "2026-06-24T00:00:00Z" },
];

/** The audit log: what was done, by whom; each event can be proved here. */
export class CsAudit extends Screen {
  readonly #pages = new Pages<AuditEvent>(this);
  #asked = "";

  get #isPermitted(): boolean {
    return hasRole(this.app, "auditor");
  }

  protected override arrived(): void {
    if (!this.#isPermitted) return;
    const query = queryOf(this.query, filters);
    const asked = JSON.stringify(query);
    // An event that is opened is part of the address, and leaves the list as it is.
    if (asked === this.#asked) return;
    this.#asked = asked;
    void this.#pages.start((cursor, signal) => this.app.client.auditEvents({ ...query, cursor }, { signal }));
  }

  /** The address of an event in the list as it is now. */
  #pathOf(seq?: number): string {
    const query = new URLSearchParams(queryOf(this.query, filters));
    if (seq !== undefined) query.set("event", String(seq));
    return query.size === 0 ? "/audit" : `/audit?${query}`;
  }

  #columns(): readonly Column<AuditEvent>[] {
    const { app } = this;
    return [
      { name: app.t("audit.event"), render: ({ seq }) => `#${seq}`, kind: "tight" },
      {
        name: app.t("audit.when"),
        render: ({ occurred_at }) => html`<cs-time .app=${app} at=${occurred_at}></cs-time>`,
      },
      { name: app.t("audit.action"), render: ({ action }) => html`<code>${shown(action)}</code>` },
      { name: app.t("audit.actor"), render: ({ actor }) => shown(actor) },
      {
        name: app.t("audit.resource"),
        render: ({ resource_type, resource_id }) =>
          html`<span class="muted">${shown(resource_type)}</span><br />${shown(resource_id)}`,
      },
    ];
  }

  protected override render() {
    const { app } = this;
    const request = { method: "GET" as const, path: "/v1/audit/events", query: queryOf(this.query, filters) };
    const seq = Number(this.query.get("event"));
    const isOpen = Number.isSafeInteger(seq) && seq > 0;
    return html`<header class="page-head">
        <h1>${app.t("nav.audit")}</h1>
        <cs-copy-curl .app=${app} .request=${request}></cs-copy-curl>
      </header>
      ${
        !this.#isPermitted
          ? html`<p class="note">${app.t("audit.notPermitted")}</p>`
          : html`${
              isOpen
                ? html`<cs-event
                .app=${app}
                .seq=${seq}
                .listed=${this.#pages.items.find((one) => one.seq === seq)}
                .close=${this.#pathOf()}
              ></cs-event>`
                : nothing
            }
          ${filterForm(app, "/audit", this.query, filters)}
          <cs-table
            .app=${app}
            .columns=${this.#columns()}
            .pages=${this.#pages}
            .link=${(event: AuditEvent) => this.#pathOf(event.seq)}
            label=${app.t("nav.audit")}
            empty=${app.t("audit.none")}
          ></cs-table>`
      }`;
  }
}
customElements.define("cs-audit", CsAudit);
