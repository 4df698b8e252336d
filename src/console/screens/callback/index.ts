import { html } from "lit";
import { ClientProblem } from "../../../client/index.ts";
import { Screen } from "../../element.ts";
import { href } from "../../paths.ts";
import { type Credentials, openSession } from "../../session.ts";
import "../../parts/problem.ts";
import { takeReturn } from "../sign-in/return.ts";

/** Where the issuer sends the browser back to: changes its code into a session and goes on to where the person was. */
export class CsCallback extends Screen {
  static override properties = { ...Screen.properties, problem: { state: true } };
  declare problem: unknown;
  /** Where the person wanted to go before they left for the issuer. */
  #back = "/";

  protected override arrived(): void {
    const { code, state, iss } = Object.fromEntries(this.query) as Readonly<Record<string, string | undefined>>;
    // The code is good for one use; it shall not be in the history.
    history.replaceState(null, "", href("/callback"));
    this.#back = takeReturn();
    if (code === undefined || state === undefined) this.problem = new Error("the issuer sent no code");
    else void this.#exchange({ code, state, ...(iss !== undefined && { iss }) });
  }

  async #exchange(credentials: Credentials): Promise<void> {
    try {
      const detail = await openSession(credentials);
      history.replaceState(null, "", href(this.#back));
      this.dispatchEvent(new CustomEvent("cs-signed-in", { detail, bubbles: true }));
    } catch (error) {
      this.problem = error;
    }
  }

  protected override render() {
    const { app } = this;
    if (this.problem === undefined) return html`<p class="muted" role="status">${app.t("signin.callback")}</p>`;
    return html`<header class="page-head"><h1>${app.t("signin.callbackFailed")}</h1></header>
      ${
        this.problem instanceof ClientProblem
          ? html`<cs-problem .app=${app} .error=${this.problem}></cs-problem>`
          : html`<p>${app.t("signin.callbackEmpty")}</p>`
      }
      <p><a class="button primary" href=${href(this.#back)}>${app.t("signin.title")}</a></p>`;
  }
}
customElements.define("cs-callback", CsCallback);
