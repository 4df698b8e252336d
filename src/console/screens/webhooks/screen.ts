import { html, nothing, type TemplateResult } from "lit";
import type { Webhook, WebhookWithSecret } from "../../../webhooks/index.ts";
import { hasRole } from "../../app-context.ts";
import { Screen } from "../../element.ts";
import { type Column, copyText, type CsDialog, Pages, shown } from "../../parts/index.ts";
import type { TextKey } from "../../texts/en/index.ts";
import "./create.ts";
import "./deliveries.ts";

const acts = ["rotate", "enable", "disable", "remove"] as const;
type Act = (typeof acts)[number];

/** Webhooks: who is told of what, and what became of each delivery. */
export class CsWebhooks extends Screen {
  static override properties = {
    ...Screen.properties,
    secret: { state: true },
    asked: { state: true },
  };
  /** Shown until it is closed, and never again. */
  declare secret: string | undefined;
  declare asked: { readonly act: Act; readonly webhook: Webhook } | undefined;
  readonly #pages = new Pages<Webhook>(this);

  get #isPermitted(): boolean {
    return hasRole(this.app, "admin");
  }

  protected override arrived(anew: boolean): void {
    if (anew && this.#isPermitted) this.#read();
  }

  #read(): void {
    void this.#pages.start((cursor, signal) => this.app.client.webhooks.list({ cursor }, { signal }));
  }

  async #ask(act: Act, webhook: Webhook): Promise<void> {
    this.asked = { act, webhook };
    await this.updateComplete;
    await this.querySelector<CsDialog>("#act")?.show();
  }

  #created({ secret }: WebhookWithSecret): void {
    this.secret = secret ?? undefined;
    this.#read();
  }

  async #do(): Promise<void> {
    const { app, asked } = this;
    if (asked === undefined) return;
    const { webhooks } = app.client;
    const { id } = asked.webhook;
    if (asked.act === "rotate") this.secret = (await webhooks.rotate(id)).secret ?? undefined;
    else await webhooks[asked.act](id);
    app.toast(app.t(`webhooks.done.${asked.act}`));
    this.#read();
  }

  #columns(): readonly Column<Webhook>[] {
    const { app } = this;
    return [
      {
        name: app.t("webhooks.url"),
        render: ({ url, description }) =>
          html`<span class="row-name">${shown(url)}</span>${description === null ? nothing : html`<br /><span class="muted">${shown(description)}</span>`}`,
      },
      {
        name: app.t("filter.status"),
        render: ({ status, rests_until }) =>
          html`<cs-status .app=${app} value=${status}></cs-status>
            ${
              rests_until === null
                ? nothing
                : html`<br /><span class="small muted">${app.t("webhooks.rests")} <cs-time .app=${app} at=${rests_until}></cs-time></span>`
            }`,
      },
      {
        name: app.t("webhooks.events"),
        render: ({ events }) => html`${events.map((event) => html`<code class="tag">${shown(event)}</code> `)}`,
      },
      { name: app.t("webhooks.pending"), render: ({ pending }) => atMost(pending), kind: "num" },
      { name: app.t("webhooks.dead"), render: ({ dead }) => atMost(dead), kind: "num" },
      {
        name: app.t("webhooks.secretSet"),
        render: ({ secret_set_at, former_secret_until }) =>
          html`<cs-time .app=${app} at=${secret_set_at}></cs-time>${
            former_secret_until === null
              ? nothing
              : html`<br /><span class="small muted">${app.t("webhooks.former")} <cs-time .app=${app} at=${former_secret_until}></cs-time></span>`
          }`,
      },
      { name: app.t("plans.acts"), kind: "tight" as const, render: (webhook) => this.#acts(webhook) },
    ];
  }

  #acts(webhook: Webhook): TemplateResult {
    const { app } = this;
    const isOpen = this.query.get("webhook") === webhook.id;
    const offered = acts.filter((act) => act !== (webhook.status === "enabled" ? "enable" : "disable"));
    return html`<span class="actions">
      <button
        type="button"
        aria-pressed=${isOpen}
        @click=${() => app.navigate(isOpen ? "/webhooks" : `/webhooks?webhook=${encodeURIComponent(webhook.id)}`)}
      >
        ${app.t("webhooks.deliveries")}
      </button>
      ${offered.map(
        (act) =>
          html`<button type="button" class=${act === "remove" ? "danger" : ""} @click=${() => void this.#ask(act, webhook)}>
            ${app.t(`webhooks.${act}`)}…
          </button>`,
      )}
    </span>`;
  }

  protected override render() {
    const { app, secret } = this;
    const id = this.query.get("webhook");
    return html`<header class="page-head">
        <h1>${app.t("nav.webhooks")}</h1>
        <span class="grow"></span>
        <cs-copy-curl .app=${app} .request=${{ method: "GET", path: "/v1/webhooks" }}></cs-copy-curl>
      </header>
      ${
        this.#isPermitted
          ? html`${secret === undefined ? nothing : this.#secret(secret)}
            <cs-create-webhook .app=${app} .done=${(made: WebhookWithSecret) => this.#created(made)}></cs-create-webhook>
            <cs-table
              .app=${app}
              .columns=${this.#columns()}
              .pages=${this.#pages}
              label=${app.t("nav.webhooks")}
              empty=${app.t("webhooks.none")}
            ></cs-table>
            ${id === null ? nothing : html`<cs-deliveries .app=${app} .webhook=${id}></cs-deliveries>`}`
          : html`<p class="note warn">${app.t("webhooks.notPermitted")}</p>`
      }
      ${this.#dialog()}`;
  }

  #secret(secret: string): TemplateResult {
    const { app } = this;
    return html`<section class="note good secret" aria-labelledby="secret">
      <div>
        <h2 id="secret">${app.t("webhooks.secret")}</h2>
        <p>${app.t("webhooks.secretOnce")}</p>
        <pre class="code-block" tabindex="0" role="group" aria-label=${app.t("webhooks.secret")}><code>${secret}</code></pre>
        <div class="actions">
          <button type="button" class="primary" @click=${() => copyText(app, secret)}>${app.t("action.copy")}</button>
          <button type="button" @click=${() => (this.secret = undefined)}>${app.t("webhooks.kept")}</button>
        </div>
      </div>
    </section>`;
  }

  #dialog(): TemplateResult {
    const { app, asked } = this;
    const act: Act = asked?.act ?? "rotate";
    const path = `/v1/webhooks/${encodeURIComponent(asked?.webhook.id ?? "")}`;
    const heading: TextKey = `webhooks.${act}`;
    return html`<cs-dialog
      id="act"
      .app=${app}
      .heading=${app.t(heading)}
      .body=${html`<p><code>${shown(asked?.webhook.url ?? "")}</code></p>
        <p>${app.t(`webhooks.lead.${act}`)}</p>`}
      .label=${app.t(heading)}
      .danger=${act === "remove"}
      .reason=${"none"}
      .work=${() => this.#do()}
      .curl=${() =>
        act === "remove" ? { method: "DELETE" as const, path } : { method: "POST" as const, path: `${path}/${act}` }}
    ></cs-dialog>`;
  }
}
customElements.define("cs-webhooks", CsWebhooks);

/** The service counts up to a thousand. */
const atMost = (count: number): string => (count >= 1_000 ? "1000+" : String(count));
