import { html, nothing, type TemplateResult } from "lit";
import type { Delivery } from "../../../webhooks/index.ts";
import { Part } from "../../element.ts";
import { type Column, Pages, problemText, shown } from "../../parts/index.ts";

const statuses = ["pending", "delivered", "dead"] as const;

/** `<cs-deliveries .app .webhook>`: what was sent to one webhook, and what is to be sent again. */
export class CsDeliveries extends Part {
  static override properties = { ...Part.properties, webhook: {}, status: { state: true } };
  declare webhook: string;
  declare status: string;
  readonly #pages = new Pages<Delivery>(this);
  #asked = "";

  constructor() {
    super();
    this.status = "";
  }

  protected override willUpdate(): void {
    const asked = `${this.webhook} ${this.status}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#read();
  }

  #read(): void {
    const { app, webhook, status } = this;
    const query = status === "" ? {} : { status };
    void this.#pages.start((cursor, signal) =>
      app.client.webhooks.deliveries(webhook, { ...query, cursor }, { signal }),
    );
  }

  async #replay({ number }: Delivery): Promise<void> {
    const { app, webhook } = this;
    try {
      await app.client.webhooks.replay(webhook, number);
      app.toast(app.t("webhooks.replayed", { number }));
      this.#read();
    } catch (error) {
      app.toast(problemText(app, error), "error");
    }
  }

  #columns(): readonly Column<Delivery>[] {
    const { app } = this;
    return [
      { name: app.t("audit.event"), render: ({ number }) => `#${number}`, kind: "tight" },
      { name: app.t("audit.action"), render: ({ action }) => html`<code>${shown(action)}</code>` },
      {
        name: app.t("audit.resource"),
        render: ({ resource_type, resource_id }) =>
          html`<span class="muted">${shown(resource_type)}</span><br />${shown(resource_id)}`,
      },
      {
        name: app.t("filter.status"),
        render: ({ status }) => html`<cs-status .app=${app} value=${status}></cs-status>`,
      },
      { name: app.t("runs.attempts"), render: ({ attempts }) => attempts, kind: "num" },
      { name: app.t("webhooks.answer"), render: (delivery) => this.#answer(delivery) },
      {
        name: app.t("webhooks.next"),
        render: ({ next_attempt_at }) =>
          next_attempt_at === null ? "–" : html`<cs-time .app=${app} at=${next_attempt_at}></cs-time>`,
      },
      {
        name: app.t("plans.acts"),
        kind: "tight",
        render: (delivery) =>
          delivery.status === "pending"
            ? nothing
            : html`<button type="button" @click=${() => this.#replay(delivery)}>${app.t("webhooks.replay")}</button>`,
      },
    ];
  }

  #answer({ answer_status, error, last_attempt_at }: Delivery): TemplateResult {
    const { app } = this;
    return html`${answer_status ?? "–"}
    ${last_attempt_at === null ? nothing : html`<cs-time class="muted" .app=${app} at=${last_attempt_at}></cs-time>`}
    ${error === null ? nothing : html`<br /><span class="small">${shown(error)}</span>`}`;
  }

  protected override render() {
    const { app, webhook, status } = this;
    const path = `/v1/webhooks/${encodeURIComponent(webhook)}/deliveries`;
    const chosen = (event: Event): void => {
      this.status = (event.target as HTMLSelectElement).value;
    };
    return html`<section aria-labelledby="deliveries">
      <div class="section-head">
        <h2 id="deliveries">${app.t("webhooks.deliveries")}</h2>
        <label class="inline"
          >${app.t("filter.status")}
          <select @change=${chosen} .value=${status}>
            <option value="">${app.t("filter.any")}</option>
            ${statuses.map((one) => html`<option value=${one} ?selected=${one === status}>${app.word("status", one)}</option>`)}
          </select></label
        >
        <cs-copy-curl .app=${app} .request=${{ method: "GET", path, query: status === "" ? {} : { status } }}></cs-copy-curl>
      </div>
      <cs-table
        .app=${app}
        .columns=${this.#columns()}
        .pages=${this.#pages}
        label=${app.t("webhooks.deliveries")}
        empty=${app.t("webhooks.deliveriesNone")}
      ></cs-table>
    </section>`;
  }
}
customElements.define("cs-deliveries", CsDeliveries);
