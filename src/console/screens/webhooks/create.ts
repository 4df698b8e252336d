import { html } from "lit";
import type { WebhookWithSecret } from "../../../webhooks/index.ts";
import { Part } from "../../element.ts";

/** `<cs-create-webhook .app .done>`: a form for a new webhook. */
export class CsCreateWebhook extends Part {
  static override properties = {
    ...Part.properties,
    done: { attribute: false },
    url: { state: true },
    events: { state: true },
    description: { state: true },
    busy: { state: true },
    problem: { state: true },
  };
  declare done: (made: WebhookWithSecret) => void;
  declare url: string;
  declare events: string;
  declare description: string;
  declare busy: boolean;
  declare problem: unknown;

  constructor() {
    super();
    this.url = "";
    this.events = "*";
    this.description = "";
    this.busy = false;
  }

  #input() {
    const events = this.events.split(/[\s,]+/).filter((event) => event !== "");
    const description = this.description.trim();
    return { url: this.url.trim(), events, ...(description !== "" && { description }) };
  }

  async #create(event: Event): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    this.busy = true;
    this.problem = undefined;
    try {
      const made = await this.app.client.webhooks.create(this.#input());
      this.url = "";
      this.description = "";
      this.done(made);
    } catch (error) {
      this.problem = error;
    } finally {
      this.busy = false;
    }
  }

  protected override render() {
    const { app } = this;
    const request = { method: "POST" as const, path: "/v1/webhooks", body: this.#input() };
    const typed = (name: "url" | "events" | "description") => (event: Event) => {
      this[name] = (event.target as HTMLInputElement).value;
    };
    return html`<details class="card">
      <summary><strong>${app.t("webhooks.create")}</strong></summary>
      <form class="stack" @submit=${(event: Event) => this.#create(event)}>
        <label class="field">
          <span>${app.t("webhooks.url")}</span>
          <input name="url" type="url" required autocomplete="off" placeholder="https://…" .value=${this.url} @input=${typed("url")} />
        </label>
        <label class="field">
          <span>${app.t("webhooks.events")}</span>
          <input name="events" required autocomplete="off" spellcheck="false" .value=${this.events} @input=${typed("events")} />
          <span class="muted small">${app.t("webhooks.eventsHint")}</span>
        </label>
        <label class="field">
          <span>${app.t("webhooks.description")}</span>
          <input name="description" autocomplete="off" .value=${this.description} @input=${typed("description")} />
        </label>
        <cs-problem .app=${app} .error=${this.problem}></cs-problem>
        <div class="actions">
          <button type="submit" class="primary" ?disabled=${this.busy || this.url.trim() === ""}>
            ${app.t(this.busy ? "action.working" : "webhooks.create")}
          </button>
          <cs-copy-curl .app=${app} .request=${request}></cs-copy-curl>
        </div>
      </form>
    </details>`;
  }
}
customElements.define("cs-create-webhook", CsCreateWebhook);
