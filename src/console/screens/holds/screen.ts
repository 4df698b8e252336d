import { html, nothing, type TemplateResult } from "lit";
import type { Hold } from "../../../holds/index.ts";
import { hasRole } from "../../app-context.ts";
import { Screen } from "../../element.ts";
import { type Column, type CsDialog, Pages, shown } from "../../parts/index.ts";
import { type Filter, filterForm, queryOf } from "../frame/filters.ts";

const filters: readonly Filter[] = [
  { name: "status", label: "filter.status", choices: ["standing", "lifted"] },
  { name: "environment", label: "grants.environment" },
];

/** Emergency stops: what stands, who has placed it, and the way to place and to lift one. */
export class CsHolds extends Screen {
  static override properties = {
    ...Screen.properties,
    environment: { state: true },
    lifting: { state: true },
  };
  /** Of the stop that is being placed; empty for all environments. */
  declare environment: string;
  declare lifting: Hold | undefined;
  readonly #pages = new Pages<Hold>(this);

  constructor() {
    super();
    this.environment = "";
  }

  get #mayRead(): boolean {
    return hasRole(this.app, "operator", "sovereign", "executor", "auditor");
  }

  get #mayAct(): boolean {
    return hasRole(this.app, "operator", "sovereign");
  }

  protected override arrived(): void {
    if (this.#mayRead) this.#read();
  }

  #read(): void {
    const query = queryOf(this.query, filters);
    void this.#pages.start((cursor, signal) => this.app.client.listHolds({ ...query, cursor }, { signal }));
  }

  #input(reason: string) {
    const environment = this.environment.trim();
    return { environment: environment === "" ? null : environment, reason };
  }

  #columns(): readonly Column<Hold>[] {
    const { app } = this;
    const columns: Column<Hold>[] = [
      {
        name: app.t("holds.scope"),
        render: ({ environment }) => (environment === null ? app.t("holds.everywhere") : shown(environment)),
      },
      {
        name: app.t("filter.status"),
        render: ({ status }) =>
          html`<cs-status .app=${app} value=${status === "standing" ? "placed" : status}></cs-status>`,
      },
      { name: app.t("plans.reason"), render: ({ reason }) => shown(reason), kind: "wide" },
      {
        name: app.t("holds.placed"),
        render: ({ placed_by, placed_at }) =>
          html`${shown(placed_by)}<br /><cs-time class="muted" .app=${app} at=${placed_at}></cs-time>`,
      },
      { name: app.t("holds.lifted"), render: (hold) => this.#lifted(hold) },
    ];
    return columns;
  }

  #lifted(hold: Hold): TemplateResult | typeof nothing {
    const { app } = this;
    if (hold.lifted_at === null) {
      if (!this.#mayAct) return nothing;
      return html`<button type="button" @click=${() => void this.#ask(hold)}>${app.t("holds.lift")}…</button>`;
    }
    return html`${shown(hold.lifted_by ?? "")} <cs-time class="muted" .app=${app} at=${hold.lifted_at}></cs-time><br />
      <span class="muted">${shown(hold.lifted_reason ?? "")}</span>`;
  }

  async #ask(hold: Hold): Promise<void> {
    this.lifting = hold;
    await this.updateComplete;
    await this.querySelector<CsDialog>("#lift")?.show();
  }

  async #place(reason: string): Promise<void> {
    await this.app.client.placeHold(this.#input(reason));
    this.app.toast(this.app.t("holds.placedNow"));
    this.environment = "";
    this.#read();
  }

  async #lift(reason: string): Promise<void> {
    await this.app.client.liftHold(this.lifting?.id ?? "", { reason });
    this.app.toast(this.app.t("holds.liftedNow"));
    this.#read();
  }

  protected override render() {
    const { app } = this;
    const request = { method: "GET" as const, path: "/v1/holds", query: queryOf(this.query, filters) };
    return html`<header class="page-head">
        <h1>${app.t("nav.holds")}</h1>
        <div class="actions">
          ${
            this.#mayAct
              ? html`<button type="button" class="danger" @click=${() => void this.querySelector<CsDialog>("#place")?.show()}>
                ${app.t("holds.place")}…
              </button>`
              : nothing
          }
          <cs-copy-curl .app=${app} .request=${request}></cs-copy-curl>
        </div>
      </header>
      <p>${app.t("holds.lead")}</p>
      ${this.#mayRead ? this.#list() : html`<p class="note">${app.t("holds.notPermitted")}</p>`} ${this.#dialogs()}`;
  }

  #list(): TemplateResult {
    const { app } = this;
    return html`${filterForm(app, "/holds", this.query, filters)}
      <cs-table
        .app=${app}
        .columns=${this.#columns()}
        .pages=${this.#pages}
        label=${app.t("nav.holds")}
        empty=${app.t("holds.none")}
      ></cs-table>`;
  }

  #dialogs(): TemplateResult {
    const { app, lifting } = this;
    const environment = html`<label class="field">
      <span>${app.t("grants.environment")}</span>
      <input
        name="environment"
        autocomplete="off"
        .value=${this.environment}
        @input=${(event: Event) => (this.environment = (event.target as HTMLInputElement).value)}
      />
      <span class="muted small">${app.t("holds.environmentHint")}</span>
    </label>`;
    const path = `/v1/holds/${encodeURIComponent(lifting?.id ?? "")}/lift`;
    return html`<cs-dialog
        id="place"
        .app=${app}
        .heading=${app.t("holds.place")}
        .body=${html`<p>${app.t("holds.placeLead")}</p>
          ${environment}`}
        .label=${app.t("holds.place")}
        .danger=${true}
        .draft=${"hold"}
        .work=${(reason: string) => this.#place(reason)}
        .curl=${(reason: string) => ({ method: "POST" as const, path: "/v1/holds", body: this.#input(reason) })}
      ></cs-dialog>
      <cs-dialog
        id="lift"
        .app=${app}
        .heading=${app.t("holds.lift")}
        .body=${html`<p>${lifting?.environment == null ? app.t("holds.everywhere") : shown(lifting.environment)}: ${shown(lifting?.reason ?? "")}</p>`}
        .label=${app.t("holds.lift")}
        .work=${(reason: string) => this.#lift(reason)}
        .curl=${(reason: string) => ({ method: "POST" as const, path, body: { reason } })}
      ></cs-dialog>`;
  }
}
customElements.define("cs-holds", CsHolds);
