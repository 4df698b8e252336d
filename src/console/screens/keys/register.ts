import { html, nothing, type TemplateResult } from "lit";
import type { SigningKeyInput } from "../../../signatures/index.ts";
import { Part } from "../../element.ts";
import { copyText, shown } from "../../parts/index.ts";
import { noPasskeys } from "../signing/no-passkeys.ts";
import { makePasskey, type NewPasskey, passkeysHere, registrationPayload, signBytes } from "../signing/passkey.ts";

/**
 * `<cs-register-key .app .done>`: registers one's own key: a passkey, which this browser has made and which proves
 * itself at once, or a key that lives elsewhere, by its public part and the proof that it has signed (ESIGN-4).
 */
export class CsRegisterKey extends Part {
  static override properties = {
    ...Part.properties,
    done: { attribute: false },
    kid: { state: true },
    made: { state: true },
    jwk: { state: true },
    proof: { state: true },
    busy: { state: true },
    problem: { state: true },
    refusal: { state: true },
  };
  declare done: () => void;
  declare kid: string;
  /** A passkey that is made and has not proved itself yet: it is not made twice because the proof was refused. */
  declare made: NewPasskey | undefined;
  declare jwk: string;
  declare proof: string;
  declare busy: boolean;
  declare problem: unknown;
  declare refusal: string;

  constructor() {
    super();
    this.kid = "";
    this.jwk = "";
    this.proof = "";
    this.busy = false;
    this.refusal = "";
  }

  get #payload(): string {
    return registrationPayload(this.kid.trim(), this.app.session.principal);
  }

  async #register(make: () => Promise<SigningKeyInput>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = undefined;
    this.refusal = "";
    try {
      const input = await make().catch((error: unknown) => {
        this.refusal = error instanceof Error ? error.message : String(error);
      });
      if (input === undefined) return;
      const key = await this.app.client.registerSigningKey(input);
      this.app.toast(this.app.t("keys.registered", { kid: key.kid }));
      this.made = undefined;
      this.kid = "";
      this.jwk = "";
      this.proof = "";
      this.done();
    } catch (error) {
      this.problem = error;
    } finally {
      this.busy = false;
    }
  }

  async #passkey(): Promise<SigningKeyInput> {
    const { principal } = this.app.session;
    this.made ??= await makePasskey(principal, await this.#known());
    const { credential_id: _, ...assertion } = await signBytes(this.#payload, [this.made.credential_id]);
    return { kid: this.kid.trim(), webauthn: { ...this.made, ...assertion } };
  }

  /** Credentials that are registered already: an authenticator is not to make a second one beside. */
  async #known(): Promise<string[]> {
    const { app } = this;
    const keys = await app.client.listSigningKeys({ principal: app.session.principal });
    return keys.items.flatMap(({ credential_id, status }) => (status === "revoked" ? [] : (credential_id ?? [])));
  }

  async #pasted(): Promise<SigningKeyInput> {
    const jwk = JSON.parse(this.jwk) as Extract<SigningKeyInput, { jwk: unknown }>["jwk"];
    return { kid: this.kid.trim(), jwk, proof: this.proof.trim() };
  }

  protected override render() {
    const { app } = this;
    return html`<details class="card register">
      <summary><strong>${app.t("keys.register")}</strong></summary>
      <p>${app.t("keys.registerLead")}</p>
      <label class="field">
        <span>${app.t("keys.kid")}</span>
        <input
          name="kid"
          autocomplete="off"
          spellcheck="false"
          maxlength="128"
          pattern="[A-Za-z0-9_\\-][A-Za-z0-9._:\\-]*"
          .value=${this.kid}
          @input=${(event: Event) => (this.kid = (event.target as HTMLInputElement).value)}
        />
        <span class="muted small">${app.t("keys.kidHint")}</span>
      </label>
      <div class="ways">${this.#withPasskey()} ${this.#withJwk()}</div>
      ${
        this.refusal === ""
          ? nothing
          : html`<p class="note bad" role="alert">${app.t("sign.refused")} ${shown(this.refusal)}</p>`
      }
      <cs-problem .app=${app} .error=${this.problem}></cs-problem>
    </details>`;
  }

  #withPasskey(): TemplateResult {
    const { app, made } = this;
    const isReady = /^[\w-][\w.:-]*$/.test(this.kid.trim());
    return html`<section aria-labelledby="new-passkey">
      <h2 id="new-passkey">${app.t("keys.passkey")}</h2>
      ${
        passkeysHere() === "yes"
          ? html`<p>${app.t(made === undefined ? "keys.passkeyLead" : "keys.passkeyMade")}</p>
            <button
              type="button"
              class="primary"
              ?disabled=${this.busy || !isReady}
              @click=${() => this.#register(() => this.#passkey())}
            >
              ${app.t(this.busy ? "action.working" : made === undefined ? "keys.makePasskey" : "keys.provePasskey")}
            </button>`
          : noPasskeys(app)
      }
    </section>`;
  }

  #withJwk(): TemplateResult {
    const { app } = this;
    const submitted = (event: Event): void => {
      event.preventDefault();
      void this.#register(() => this.#pasted());
    };
    const isReady = this.kid.trim() !== "" && this.jwk.trim() !== "" && this.proof.trim() !== "";
    return html`<form aria-labelledby="new-jwk" @submit=${submitted}>
      <h2 id="new-jwk">${app.t("keys.jwk")}</h2>
      <p>${app.t("keys.jwkLead")}</p>
      <pre class="code-block" tabindex="0" role="group" aria-label=${app.t("sign.payload")}><code>${shown(this.#payload)}</code></pre>
      <button type="button" @click=${() => copyText(app, this.#payload)}>${app.t("sign.copyPayload")}</button>
      <label class="field">
        <span>${app.t("keys.publicJwk")}</span>
        <textarea
          name="jwk"
          rows="3"
          spellcheck="false"
          autocomplete="off"
          .value=${this.jwk}
          @input=${(event: Event) => (this.jwk = (event.target as HTMLTextAreaElement).value)}
        ></textarea>
      </label>
      <label class="field">
        <span>${app.t("keys.proof")}</span>
        <textarea
          name="proof"
          rows="3"
          spellcheck="false"
          autocomplete="off"
          .value=${this.proof}
          @input=${(event: Event) => (this.proof = (event.target as HTMLTextAreaElement).value)}
        ></textarea>
      </label>
      <button type="submit" class="primary" ?disabled=${this.busy || !isReady}>
        ${app.t(this.busy ? "action.working" : "keys.submit")}
      </button>
    </form>`;
  }
}
customElements.define("cs-register-key", CsRegisterKey);
