import { html, nothing, type TemplateResult } from "lit";
import type { SigningKey } from "../../../signatures/index.ts";
import { Part } from "../../element.ts";
import { copyText, Load, shown } from "../../parts/index.ts";
import { href } from "../../paths.ts";
import { digestOfText } from "../bytes/digest.ts";
import { saveAs } from "../frame/download.ts";
import { verdict } from "../frame/facts.ts";
import { headerOf } from "./jws.ts";
import { noPasskeys } from "./no-passkeys.ts";
import { passkeysHere, signBytes } from "./passkey.ts";
import type { Signed, Subject } from "./subject.ts";

interface Loaded {
  readonly payload: string;
  /** Computed here, from the very text that is signed. */
  readonly digest: string;
  readonly keys: readonly SigningKey[];
}

/**
 * `<cs-sign .app .subject .done>`: shows the exact bytes that are signed and their digest, holds them against the page,
 * and takes a signature that was made off-line, or has a passkey make one (ESIGN-1, ESIGN-2).
 */
export class CsSign extends Part {
  static override properties = {
    ...Part.properties,
    subject: { attribute: false },
    done: { attribute: false },
    jws: { state: true },
    busy: { state: true },
    problem: { state: true },
    refusal: { state: true },
  };
  declare subject: Subject;
  declare done: () => void;
  declare jws: string;
  declare busy: boolean;
  declare problem: unknown;
  /** What the browser or the authenticator said, in its words. */
  declare refusal: string;
  readonly #loaded = new Load<Loaded>(this);
  #name: string | undefined;

  constructor() {
    super();
    this.jws = "";
    this.refusal = "";
    this.busy = false;
  }

  protected override willUpdate(): void {
    if (this.#name === this.subject.name) return;
    this.#name = this.subject.name;
    this.#read();
  }

  #read(): void {
    const { app, subject } = this;
    void this.#loaded.run(async (signal) => {
      const mine = { principal: app.session.principal, status: "active" };
      const [payload, keys] = await Promise.all([
        subject.payload(signal),
        app.client.listSigningKeys(mine, { signal }),
      ]);
      const usable = keys.items.filter((key) => key.usable);
      return { payload, digest: await digestOfText(payload), keys: usable };
    });
  }

  async #send(make: () => Promise<Signed>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = undefined;
    this.refusal = "";
    try {
      const signed = await make().catch((error: unknown) => {
        this.refusal = error instanceof Error ? error.message : String(error);
      });
      if (signed === undefined) return;
      await this.subject.sign(signed);
      this.app.toast(this.app.t("sign.done", { name: this.subject.name }));
      this.done();
    } catch (error) {
      this.problem = error;
    } finally {
      this.busy = false;
    }
  }

  #withPasskey(payload: string, keys: readonly SigningKey[]): Promise<void> {
    return this.#send(async () => {
      const { credential_id, ...assertion } = await signBytes(
        payload,
        keys.flatMap((key) => key.credential_id ?? []),
      );
      const kid = keys.find((key) => key.credential_id === credential_id)?.kid ?? "";
      return { webauthn: { kid, ...assertion } };
    });
  }

  protected override render() {
    const { app } = this;
    const { value, problem } = this.#loaded;
    return html`<section class="card signing" aria-labelledby="signing">
      <h2 id="signing">${app.t("sign.heading")}</h2>
      ${
        value === undefined && problem === undefined
          ? html`<p class="muted" role="status">${app.t("list.loading")}</p>`
          : nothing
      }
      <cs-problem .app=${app} .error=${problem} .retry=${() => this.#read()}></cs-problem>
      ${value === undefined ? nothing : this.#ready(value)}
    </section>`;
  }

  #ready({ payload, digest, keys }: Loaded): TemplateResult {
    const { app } = this;
    const compared = this.subject.compare(payload);
    const isSame = compared.every(({ holds }) => holds);
    const request = { method: "GET" as const, path: `${this.subject.path}/signing-payload` };
    return html`<p>${app.t("sign.lead")}</p>
      <pre class="code-block payload" tabindex="0" role="group" aria-label=${app.t("sign.payload")}><code>${shown(payload)}</code></pre>
      <p class="digest-line">
        ${app.t("sign.digest")} <cs-digest .app=${app} value=${digest} whole></cs-digest>
        <span class="muted small">${app.t("sign.computedHere")}</span>
      </p>
      <ul class="checks">
        ${compared.map(
          ({ label, holds }) =>
            html`<li class=${holds ? "good" : "bad"}>
              ${verdict(app, holds)} ${app.t("sign.asShown", { what: app.t(label) })}
            </li>`,
        )}
      </ul>
      <div class="actions">
        <button type="button" @click=${() => copyText(app, payload)}>${app.t("sign.copyPayload")}</button>
        <button type="button" @click=${() => saveAs(`payload-${this.subject.name}.json`, payload)}>
          ${app.t("sign.savePayload")}
        </button>
        <cs-copy-curl .app=${app} .request=${request}></cs-copy-curl>
      </div>
      ${
        isSame
          ? html`<div class="ways">${this.#passkey(payload, keys)} ${this.#offline()}</div>`
          : html`<p class="note bad" role="alert">${app.t("sign.differs")}</p>`
      }
      ${this.refusal === "" ? nothing : html`<p class="note bad" role="alert">${app.t("sign.refused")} ${shown(this.refusal)}</p>`}
      <cs-problem .app=${app} .error=${this.problem}></cs-problem>`;
  }

  #passkey(payload: string, keys: readonly SigningKey[]): TemplateResult {
    const { app } = this;
    const passkeys = keys.filter(({ webauthn }) => webauthn?.rp_id === location.hostname);
    return html`<section aria-labelledby="with-passkey">
      <h3 id="with-passkey">${app.t("sign.passkey")}</h3>
      ${passkeysHere() === "yes" ? this.#ownPasskeys(payload, passkeys) : noPasskeys(app)}
    </section>`;
  }

  #ownPasskeys(payload: string, passkeys: readonly SigningKey[]): TemplateResult {
    const { app } = this;
    if (passkeys.length === 0) {
      return html`<p class="muted">${app.t("sign.noPasskey")} <a href=${href("/keys")}>${app.t("nav.keys")}</a></p>`;
    }
    return html`<p>${app.t("sign.passkeyLead")} ${shown(passkeys.map(({ kid }) => kid).join(", "))}</p>
      <button type="button" class="primary" ?disabled=${this.busy} @click=${() => this.#withPasskey(payload, passkeys)}>
        ${app.t(this.busy ? "action.working" : "sign.withPasskey")}
      </button>`;
  }

  #offline(): TemplateResult {
    const { app } = this;
    const jws = this.jws.trim();
    const header = headerOf(jws);
    const submitted = (event: Event): void => {
      event.preventDefault();
      if (header !== undefined) void this.#send(() => Promise.resolve({ jws }));
    };
    return html`<form aria-labelledby="off-line" @submit=${submitted}>
      <h3 id="off-line">${app.t("sign.offline")}</h3>
      <label class="field">
        <span>${app.t("sign.jws")}</span>
        <textarea
          name="jws"
          rows="3"
          spellcheck="false"
          autocomplete="off"
          aria-describedby="jws-says"
          .value=${this.jws}
          @input=${(event: Event) => (this.jws = (event.target as HTMLTextAreaElement).value)}
        ></textarea>
      </label>
      <label class="field"><span>${app.t("sign.file")}</span> <input type="file" @change=${(event: Event) => this.#take(event)} /></label>
      <p id="jws-says" class="small" aria-live="polite">
        ${
          jws === ""
            ? nothing
            : header === undefined
              ? app.t("sign.noJws")
              : html`${app.t("sign.jwsBy")} <code>${shown(header.kid)}</code> · ${shown(header.alg)}`
        }
      </p>
      <button type="submit" class="primary" ?disabled=${this.busy || header === undefined}>
        ${app.t(this.busy ? "action.working" : "sign.submit")}
      </button>
    </form>`;
  }

  async #take(event: Event): Promise<void> {
    const file = (event.target as HTMLInputElement).files?.[0];
    // A detached signature has some hundred bytes; the service takes 4096.
    if (file !== undefined && file.size <= 65_536) this.jws = (await file.text()).trim();
  }
}
customElements.define("cs-sign", CsSign);
