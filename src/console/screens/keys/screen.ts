import { html, nothing, type TemplateResult } from "lit";
import type { SigningKey } from "../../../signatures/index.ts";
import { hasRole } from "../../app-context.ts";
import { Screen } from "../../element.ts";
import { type Column, type CsDialog, Pages, shown } from "../../parts/index.ts";
import { type Filter, filterForm, queryOf } from "../frame/filters.ts";
import "./register.ts";

const filters: readonly Filter[] = [
  { name: "status", label: "filter.status", choices: ["pending", "active", "revoked", "expired"] },
  { name: "principal", label: "keys.principal" },
];

type Asked = { readonly what: "confirm" | "revoke"; readonly key: SigningKey };

/** Signing keys: whose they are, who has confirmed them, and whether they may sign now (ESIGN-4). */
export class CsKeys extends Screen {
  static override properties = { ...Screen.properties, asked: { state: true } };
  declare asked: Asked | undefined;
  readonly #pages = new Pages<SigningKey>(this);

  get #mayRead(): boolean {
    return hasRole(this.app, "sovereign", "council", "admin", "auditor", "operator");
  }

  protected override arrived(): void {
    if (this.#mayRead) this.#read();
  }

  #read(): void {
    const query = queryOf(this.query, filters);
    void this.#pages.start((cursor, signal) => this.app.client.listSigningKeys({ ...query, cursor }, { signal }));
  }

  async #ask(asked: Asked): Promise<void> {
    this.asked = asked;
    await this.updateComplete;
    await this.querySelector<CsDialog>(`#${asked.what}`)?.show();
  }

  async #confirm(): Promise<void> {
    await this.app.client.confirmSigningKey(this.asked?.key.kid ?? "");
    this.app.toast(this.app.t("keys.confirmed"));
    this.#read();
  }

  async #revoke(reason: string): Promise<void> {
    await this.app.client.revokeSigningKey(this.asked?.key.kid ?? "", { reason });
    this.app.toast(this.app.t("keys.revoked"));
    this.#read();
  }

  #columns(): readonly Column<SigningKey>[] {
    const { app } = this;
    return [
      { name: app.t("keys.kid"), render: ({ kid }) => html`<code>${shown(kid)}</code>` },
      {
        name: app.t("filter.status"),
        render: ({ status }) => html`<cs-status .app=${app} value=${status}></cs-status>`,
      },
      {
        name: app.t("keys.principal"),
        render: ({ principal }) =>
          html`${shown(principal)} ${principal === app.session.principal ? html`<span class="muted">(${app.t("keys.you")})</span>` : nothing}`,
      },
      {
        name: app.t("keys.kind"),
        render: ({ alg, credential_id }) =>
          html`${app.t(credential_id === null ? "keys.jwk" : "keys.passkey")} · ${alg}`,
      },
      {
        name: app.t("keys.thumbprint"),
        render: ({ thumbprint }) => html`<cs-digest .app=${app} value=${thumbprint}></cs-digest>`,
      },
      {
        name: app.t("keys.until"),
        render: ({ valid_until }) => html`<cs-time .app=${app} at=${valid_until}></cs-time>`,
      },
      { name: app.t("keys.confirmedBy"), render: (key) => this.#fate(key) },
      { name: app.t("plans.acts"), kind: "tight" as const, render: (key) => this.#acts(key) },
    ];
  }

  #fate({ confirmed_by, revoked_by, revoked_reason }: SigningKey): TemplateResult {
    const { app } = this;
    return html`${confirmed_by === null ? "–" : shown(confirmed_by)}
    ${
      revoked_by === null
        ? nothing
        : html`<br /><span class="muted">${app.t("keys.revokedBy")} ${shown(revoked_by)}: ${shown(revoked_reason ?? "")}</span>`
    }`;
  }

  #acts(key: SigningKey): TemplateResult {
    const { app } = this;
    const isOwn = key.principal === app.session.principal;
    const mayRevoke = key.status !== "revoked" && (hasRole(app, "admin") || (hasRole(app, "sovereign") && isOwn));
    return html`<span class="actions">
      ${
        key.status === "pending" && hasRole(app, "council") && !isOwn
          ? html`<button type="button" @click=${() => void this.#ask({ what: "confirm", key })}>${app.t("keys.confirm")}…</button>`
          : nothing
      }
      ${
        mayRevoke
          ? html`<button type="button" class="danger" @click=${() => void this.#ask({ what: "revoke", key })}>
            ${app.t("grants.revoke")}…
          </button>`
          : nothing
      }
    </span>`;
  }

  protected override render() {
    const { app } = this;
    const request = { method: "GET" as const, path: "/v1/signing-keys", query: queryOf(this.query, filters) };
    const mine = `/keys?${new URLSearchParams({ principal: app.session.principal })}`;
    return html`<header class="page-head">
        <h1>${app.t("nav.keys")}</h1>
        <div class="actions">
          ${
            hasRole(app, "sovereign")
              ? html`<button type="button" @click=${() => app.navigate(mine)}>${app.t("keys.mine")}</button>`
              : nothing
          }
          <cs-copy-curl .app=${app} .request=${request}></cs-copy-curl>
        </div>
      </header>
      ${hasRole(app, "sovereign") ? html`<cs-register-key .app=${app} .done=${() => this.#read()}></cs-register-key>` : nothing}
      ${
        this.#mayRead
          ? html`${filterForm(app, "/keys", this.query, filters)}
            <cs-table
              .app=${app}
              .columns=${this.#columns()}
              .pages=${this.#pages}
              label=${app.t("nav.keys")}
              empty=${app.t("keys.none")}
            ></cs-table>`
          : html`<p class="note warn">${app.t("keys.notPermitted")}</p>`
      }
      ${this.#dialogs()}`;
  }

  #dialogs(): TemplateResult {
    const { app, asked } = this;
    const key = asked?.key;
    const path = (what: string) => `/v1/signing-keys/${encodeURIComponent(key?.kid ?? "")}/${what}`;
    const described =
      key === undefined
        ? nothing
        : html`<p><code>${shown(key.kid)}</code> · ${shown(key.principal)} · ${key.alg}</p>
            <p>${app.t("keys.thumbprint")} <cs-digest .app=${app} value=${key.thumbprint} whole></cs-digest></p>`;
    return html`<cs-dialog
        id="confirm"
        .app=${app}
        .heading=${app.t("keys.confirm")}
        .body=${html`${described}
          <p>${app.t("keys.confirmLead")}</p>`}
        .label=${app.t("keys.confirm")}
        .reason=${"none"}
        .work=${() => this.#confirm()}
        .curl=${() => ({ method: "POST" as const, path: path("confirm") })}
      ></cs-dialog>
      <cs-dialog
        id="revoke"
        .app=${app}
        .heading=${app.t("keys.revoke")}
        .body=${html`${described}
          <p>${app.t("keys.revokeLead")}</p>`}
        .label=${app.t("grants.revoke")}
        .danger=${true}
        .work=${(reason: string) => this.#revoke(reason)}
        .curl=${(reason: string) => ({ method: "POST" as const, path: path("revoke"), body: { reason } })}
      ></cs-dialog>`;
  }
}
customElements.define("cs-keys", CsKeys);
