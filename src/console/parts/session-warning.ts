import { html, nothing } from "lit";
import { Part } from "../element.ts";
import type { Ending } from "../session-watch.ts";
import { icons } from "./icons.ts";
import { remaining } from "./time.ts";

/** Says that the session is about to end, and for want of activity lets it be kept. */
export class CsSessionWarning extends Part {
  static override properties = { ...Part.properties, ending: { attribute: false } };
  declare ending: Ending;

  protected override render() {
    const { app, ending } = this;
    const left = remaining(app, ending.left);
    const stay = () => this.dispatchEvent(new Event("cs-stay"));
    return html`<aside class="warning-bar" aria-label=${app.t("expiry.heading")}>
      ${icons.clock}
      <p><strong>${app.t("expiry.heading")}</strong>
        ${app.t(ending.kind === "idle" ? "expiry.idle" : "expiry.absolute", { left })}</p>
      ${
        ending.kind === "idle"
          ? html`<button type="button" class="primary" @click=${stay}>${app.t("expiry.stay")}</button>`
          : nothing
      }
    </aside>`;
  }
}
customElements.define("cs-session-warning", CsSessionWarning);
