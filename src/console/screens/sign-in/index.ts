import { html, nothing } from "lit";
import { Part } from "../../element.ts";
import "../../parts/settings.ts";
import { issuerUrl, offersIssuer, openSession } from "../../session.ts";
import { keepReturn } from "./return.ts";

/** There is nothing to go back to without a session. */
const staysOpen = (event: Event): void => event.preventDefault();

/** Asks who is there: on a page of its own, and `again` above the page whose session has ended. */
export class CsSignIn extends Part {
  static override properties = {
    ...Part.properties,
    again: { type: Boolean },
    issuer: { state: true },
    busy: { state: true },
    problem: { state: true },
  };
  declare again: boolean;
  declare issuer: boolean;
  declare busy: boolean;
  declare problem: unknown;

  protected override firstUpdated(): void {
    void offersIssuer().then(
      (offered) => (this.issuer = offered),
      () => (this.issuer = false),
    );
    this.querySelector("dialog")?.showModal();
    this.querySelector("input")?.focus();
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const field = this.querySelector("input");
    const token = field?.value.trim() ?? "";
    if (token === "" || this.busy) return;
    await this.#try(async () => {
      const detail = await openSession({ token });
      if (field) field.value = "";
      this.dispatchEvent(new CustomEvent("cs-signed-in", { detail, bubbles: true }));
    });
  }

  #toIssuer(): Promise<void> {
    return this.#try(async () => {
      keepReturn();
      location.assign(await issuerUrl());
    });
  }

  async #try(work: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = undefined;
    try {
      await work();
    } catch (error) {
      this.problem = error;
    } finally {
      this.busy = false;
    }
  }

  protected override render() {
    if (!this.again)
      return html`<div class="sign-in">${this.#panel()}<cs-settings .app=${this.app}></cs-settings></div>`;
    return html`<dialog class="dialog" aria-labelledby="sign-in-heading" @cancel=${staysOpen}>${this.#panel()}</dialog>`;
  }

  #panel() {
    const { app } = this;
    return html`<form class="panel" @submit=${this.#submit}>
      <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
        <path class="mark-back" d="M16 2 28 6.5v9C28 23 23 28 16 30.5 9 28 4 23 4 15.5v-9z" />
        <path class="mark-line" d="m10 16 4.5 4.5L22.5 11.5" />
      </svg>
      <h1 id="sign-in-heading">${app.t("signin.title")}</h1>
      <p class="muted">${app.t(this.again ? "signin.again" : "signin.lead")}</p>
      <cs-problem .app=${app} .error=${this.problem}></cs-problem>
      ${
        this.issuer
          ? html`<button type="button" class="primary wide" ?disabled=${this.busy} @click=${this.#toIssuer}>
              ${app.t("signin.oidc")}
            </button>
            <p class="or muted">${app.t("signin.or")}</p>`
          : nothing
      }
      <label class="field">
        <span>${app.t("signin.token")}</span>
        <input type="password" name="token" autocomplete="off" spellcheck="false" required />
        <span class="muted small">${app.t("signin.tokenHint")}</span>
      </label>
      <div class="actions">
        <button class="primary" ?disabled=${this.busy}>${app.t(this.busy ? "action.working" : "signin.submit")}</button>
        ${
          this.again
            ? html`<button type="button" @click=${() => this.dispatchEvent(new Event("cs-sign-out"))}>
              ${app.t("signin.out")}
            </button>`
            : nothing
        }
      </div>
    </form>`;
  }
}
customElements.define("cs-sign-in", CsSignIn);
