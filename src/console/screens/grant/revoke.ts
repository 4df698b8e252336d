import { html, nothing, type TemplateResult } from "lit";
import type { Grant } from "../../../grants/index.ts";
import { Part } from "../../element.ts";
import { type CsDialog, Load, shown } from "../../parts/index.ts";

type Running = "stop" | "compensate";

/**
 * `<cs-revoke .app .grant .done>`: a button that revokes a grant, or ends the run of one that is used (OPEN-4). What
 * would happen is asked of the service first, and shown before anybody can do it.
 */
export class CsRevoke extends Part {
  static override properties = {
    ...Part.properties,
    grant: { attribute: false },
    done: { attribute: false },
    running: { state: true },
  };
  declare grant: Grant;
  /** Is told of the grant as it is now. */
  declare done: (grant: Grant) => void;
  declare running: Running;
  readonly #preview = new Load<Grant>(this);

  constructor() {
    super();
    this.running = "stop";
  }

  get #isUsed(): boolean {
    return this.grant.status === "consumed";
  }

  #input(reason: string) {
    return { reason, ...(this.#isUsed && { running: this.running }) };
  }

  #ask(): void {
    const { app, grant } = this;
    // A reason is asked for even where nothing is changed; the preview's is kept nowhere.
    const input = this.#input(app.t("grants.revoke.previewReason"));
    void this.#preview.run((signal) => app.client.revoke(grant.auth_code, input, { signal, dryRun: true }));
  }

  #open(): void {
    this.#preview.clear();
    this.#ask();
    void this.querySelector<CsDialog>("cs-dialog")?.show();
  }

  #choose(running: Running): void {
    this.running = running;
    this.#ask();
  }

  async #revoke(reason: string): Promise<void> {
    const { app, grant } = this;
    const now = await app.client.revoke(grant.auth_code, this.#input(reason));
    app.toast(app.t(this.#isUsed ? "grants.revoke.asked" : "grants.revoke.done", { code: grant.auth_code }));
    this.done(now);
  }

  protected override render() {
    const { app, grant } = this;
    const label = app.t(this.#isUsed ? "grants.revoke.end" : "grants.revoke");
    const path = `/v1/grants/${encodeURIComponent(grant.auth_code)}/revoke`;
    return html`<button type="button" class="danger" @click=${() => this.#open()}>${label}…</button>
      <cs-dialog
        .app=${app}
        .heading=${`${label}: ${grant.auth_code}`}
        .body=${this.#body()}
        .label=${label}
        .danger=${true}
        .draft=${`revoke.${grant.auth_code}`}
        .work=${(reason: string) => this.#revoke(reason)}
        .curl=${(reason: string) => ({ method: "POST" as const, path, body: this.#input(reason) })}
      ></cs-dialog>`;
  }

  #body(): TemplateResult {
    return html`${this.#isUsed ? this.#choice() : nothing}
      <section class="preview" aria-live="polite">
        <h3>${this.app.t("grants.revoke.preview")}</h3>
        ${this.#outcome()}
      </section>`;
  }

  #choice(): TemplateResult {
    const { app } = this;
    const radio = (value: Running) => html`<label class="choice">
      <input
        type="radio"
        name="running"
        value=${value}
        .checked=${this.running === value}
        @change=${() => this.#choose(value)}
      />
      <span>${app.t(`grants.revoke.${value}`)}</span>
    </label>`;
    return html`<fieldset>
      <legend>${app.t("grants.revoke.running")}</legend>
      ${radio("stop")} ${radio("compensate")}
    </fieldset>`;
  }

  #outcome(): TemplateResult {
    const { app, grant } = this;
    const { problem, value, busy } = this.#preview;
    if (problem !== undefined) return html`<cs-problem .app=${app} .error=${problem}></cs-problem>`;
    if (busy || value === undefined) return html`<p class="muted" role="status">${app.t("list.loading")}</p>`;
    const status = (one: Grant) => html`<cs-status .app=${app} value=${one.status}></cs-status>`;
    if (this.#isUsed && value.status === "consumed") {
      return html`<p>${app.t(`grants.revoke.would.${this.running}`)} ${shown(grant.idempotency_root ?? "")}</p>`;
    }
    return html`<p class="change">${status(grant)} <span aria-hidden="true">→</span><span class="sr">${app.t("grants.revoke.becomes")}</span> ${status(value)}</p>
      <p>${app.t("grants.revoke.would")}</p>`;
  }
}
customElements.define("cs-revoke", CsRevoke);
