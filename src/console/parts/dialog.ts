import { html, nothing, type TemplateResult } from "lit";
import { Part } from "../element.ts";
import { type CurlRequest } from "./copy-curl.ts";
import { forgetDraft, keepDraft, keptDraft } from "./drafts.ts";

/**
 * `<cs-dialog>`: asks before something is done. `show()` opens it; its button calls `work(reason)`, and the dialog
 * closes when that is done, or says why not and keeps what was typed.
 *
 * `heading`, `body` (a template), `label` (of the button), `danger`, `reason`: "required", "none"; `draft`: a name
 * under which the reason outlives a sign-in that leaves the page; `curl`: the same as a command, from the reason.
 */
export class CsDialog extends Part {
  static override properties = {
    ...Part.properties,
    heading: {},
    body: { attribute: false },
    label: {},
    danger: { type: Boolean },
    reason: {},
    draft: {},
    work: { attribute: false },
    curl: { attribute: false },
    busy: { state: true },
    problem: { state: true },
    typed: { state: true },
    shown: { state: true },
  };
  declare heading: string;
  declare body: TemplateResult | typeof nothing | undefined;
  declare label: string;
  declare danger: boolean;
  declare reason: "required" | "none" | undefined;
  declare draft: string | undefined;
  declare work: (reason: string) => Promise<unknown>;
  declare curl: ((reason: string) => CurlRequest) | undefined;
  declare busy: boolean;
  declare problem: unknown;
  declare typed: string;
  declare shown: boolean;

  constructor() {
    super();
    this.typed = "";
    this.shown = false;
  }

  async show(): Promise<void> {
    this.typed = this.draft === undefined ? "" : keptDraft(this.draft);
    this.problem = undefined;
    this.busy = false;
    this.shown = true;
    await this.updateComplete;
    this.#dialog?.showModal();
    this.#dialog?.querySelector("textarea")?.focus();
  }

  close(): void {
    this.#dialog?.close();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.querySelector("dialog");
  }

  get #needsReason(): boolean {
    return this.reason !== "none";
  }

  #type(event: Event): void {
    this.typed = (event.target as HTMLTextAreaElement).value;
    if (this.draft !== undefined) keepDraft(this.draft, this.typed);
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault();
    if (this.busy || (this.#needsReason && this.typed.trim() === "")) return;
    this.busy = true;
    this.problem = undefined;
    try {
      await this.work(this.typed.trim());
      if (this.draft !== undefined) forgetDraft(this.draft);
      this.close();
    } catch (error) {
      this.problem = error;
    } finally {
      this.busy = false;
    }
  }

  protected override render() {
    if (!this.shown) return nothing;
    const { app } = this;
    const ready = !this.busy && (!this.#needsReason || this.typed.trim() !== "");
    return html`<dialog class="dialog" aria-labelledby="dialog-heading" @close=${() => (this.shown = false)}>
      <form @submit=${this.#submit}>
        <h2 id="dialog-heading">${this.heading}</h2>
        ${this.body ?? nothing}
        ${this.#needsReason ? this.#reasonField() : nothing}
        <cs-problem .app=${app} .error=${this.problem}></cs-problem>
        <div class="actions">
          <button type="submit" class=${this.danger ? "primary danger" : "primary"} ?disabled=${!ready}>
            ${this.busy ? app.t("action.working") : this.label}
          </button>
          <button type="button" @click=${() => this.close()}>${app.t("action.cancel")}</button>
          <span class="grow"></span>
          ${
            this.curl === undefined
              ? nothing
              : html`<cs-copy-curl .app=${app} .request=${this.curl(this.typed.trim())}></cs-copy-curl>`
          }
        </div>
      </form>
    </dialog>`;
  }

  #reasonField() {
    return html`<label class="field">
      <span>${this.app.t("dialog.reason")}</span>
      <textarea
        name="reason"
        rows="3"
        maxlength="2000"
        required
        .value=${this.typed}
        @input=${this.#type}
      ></textarea>
      <span class="muted small">${this.app.t("dialog.reasonHint")}</span>
    </label>`;
  }
}
customElements.define("cs-dialog", CsDialog);
