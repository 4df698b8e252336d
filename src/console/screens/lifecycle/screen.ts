import { html, nothing, type TemplateResult } from "lit";
import type { Incident, LogLine, Unit } from "../../../lifecycle/index.ts";
import { hasRole } from "../../app-context.ts";
import { Screen } from "../../element.ts";
import { type Column, type CsDialog, Pages, shown } from "../../parts/index.ts";
import { href, pathTo } from "../../paths.ts";
import type { TextKey } from "../../texts/en/index.ts";
import { type Filter, filterForm, queryOf } from "../frame/filters.ts";
import { incidentColumns, logColumns, unitColumns } from "./columns.ts";
import "./verification.ts";

const views = ["units", "log", "incidents", "verification"] as const;
type View = (typeof views)[number];

const database: Filter = { name: "database", label: "lifecycle.database" };
const filtersOf: Readonly<Record<View, readonly Filter[]>> = {
  units: [
    database,
    { name: "status", label: "filter.status", choices: ["draft", "enacted", "superseded", "retired"] },
    { name: "address_prefix", label: "lifecycle.address" },
  ],
  log: [
    database,
    { name: "canonical_address", label: "lifecycle.address" },
    { name: "run_ref", label: "lifecycle.run" },
  ],
  incidents: [
    database,
    { name: "status", label: "filter.status", choices: ["open", "resolved"] },
    {
      name: "kind",
      label: "lifecycle.kind",
      choices: ["gateway_changed", "direct_write_refused", "log_contradicted"],
      family: "lifecycle.incident",
    },
  ],
  verification: [database],
};

/** The units of a target, what became of them, and whether the gateway that they pass is as it was accepted. */
export class CsLifecycle extends Screen {
  static override properties = { ...Screen.properties, resolving: { state: true } };
  declare resolving: Incident | undefined;
  readonly #units = new Pages<Unit>(this);
  readonly #log = new Pages<LogLine>(this);
  readonly #incidents = new Pages<Incident>(this);

  get #view(): View {
    const asked = this.query.get("view");
    return views.find((view) => view === asked) ?? "units";
  }

  protected override arrived(): void {
    this.#read();
  }

  #read(): void {
    const view = this.#view;
    const query = queryOf(this.query, filtersOf[view]);
    const { lifecycle } = this.app.client;
    if (view === "units") void this.#units.start((cursor, signal) => lifecycle.units({ ...query, cursor }, { signal }));
    if (view === "log") void this.#log.start((cursor, signal) => lifecycle.log({ ...query, cursor }, { signal }));
    if (view === "incidents") {
      void this.#incidents.start((cursor, signal) => lifecycle.listIncidents({ ...query, cursor }, { signal }));
    }
  }

  protected override render() {
    const { app } = this;
    const view = this.#view;
    const path = `/v1/lifecycle/${view}`;
    const query = queryOf(this.query, filtersOf[view]);
    const request = view === "verification" ? { method: "POST", path, body: query } : { method: "GET", path, query };
    return html`<header class="page-head">
        <h1>${app.t("nav.lifecycle")}</h1>
        <cs-copy-curl .app=${app} .request=${request}></cs-copy-curl>
      </header>
      <nav class="tabs" aria-label=${app.t("nav.lifecycle")}>${views.map((one) => this.#tab(one, view))}</nav>
      ${filterForm(app, "/lifecycle", this.query, filtersOf[view], { view })} ${this.#content(view)} ${this.#dialog()}`;
  }

  #tab(one: View, current: View): TemplateResult {
    const kept = this.query.get("database");
    const query = new URLSearchParams({ view: one, ...(kept && { database: kept }) });
    return html`<a href=${href(`/lifecycle?${query}`)} aria-current=${one === current ? "page" : nothing}>
      ${this.app.t(`lifecycle.${one}`)}
    </a>`;
  }

  #content(view: View): TemplateResult {
    const { app } = this;
    switch (view) {
      case "units":
        return this.#table(unitColumns(app), this.#units, "lifecycle.unitsNone");
      case "log":
        return this.#table(logColumns(app), this.#log, "lifecycle.logNone", ({ run_ref }) =>
          run_ref === null ? undefined : pathTo("runs", run_ref),
        );
      case "incidents":
        return this.#table(this.#incidentColumns(), this.#incidents, "lifecycle.incidentsNone");
      case "verification":
        return html`<cs-verification .app=${app} .database=${this.query.get("database") ?? ""}></cs-verification>`;
    }
  }

  #table<Item>(
    columns: readonly Column<Item>[],
    pages: Pages<Item>,
    empty: TextKey,
    link?: (item: Item) => string | undefined,
  ): TemplateResult {
    const { app } = this;
    return html`<cs-table
      .app=${app}
      .columns=${columns}
      .pages=${pages}
      .link=${link}
      label=${app.t(`lifecycle.${this.#view}`)}
      empty=${app.t(empty)}
    ></cs-table>`;
  }

  #incidentColumns(): readonly Column<Incident>[] {
    const { app } = this;
    const resolve = (incident: Incident) =>
      incident.status !== "open" || !hasRole(app, "operator")
        ? nothing
        : html`<button type="button" @click=${() => void this.#ask(incident)}>${app.t("lifecycle.resolve")}…</button>`;
    return [...incidentColumns(app), { name: app.t("plans.acts"), kind: "tight" as const, render: resolve }];
  }

  async #ask(incident: Incident): Promise<void> {
    this.resolving = incident;
    await this.updateComplete;
    await this.querySelector<CsDialog>("cs-dialog")?.show();
  }

  #dialog(): TemplateResult {
    const { app, resolving } = this;
    const id = resolving?.incident_id ?? 0;
    const path = `/v1/lifecycle/incidents/${id}/resolve`;
    return html`<cs-dialog
      .app=${app}
      .heading=${app.t("lifecycle.resolveOf", { id })}
      .body=${html`<p>${shown(resolving?.subject ?? "")}</p>`}
      .label=${app.t("lifecycle.resolve")}
      .work=${async (reason: string) => {
        await app.client.lifecycle.resolveIncident(id, reason);
        this.#read();
      }}
      .curl=${(reason: string) => ({ method: "POST" as const, path, body: { reason } })}
    ></cs-dialog>`;
  }
}
customElements.define("cs-lifecycle", CsLifecycle);
