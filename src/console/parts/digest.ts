import { html } from "lit";
import { Part } from "../element.ts";
import { copyText } from "./clipboard.ts";
import { icons } from "./icons.ts";

/** `<cs-digest .app value="sha256:…">`: its first and last digits, and a button that copies it; `whole` shows it all. */
export class CsDigest extends Part {
  static override properties = { ...Part.properties, value: {}, whole: { type: Boolean } };
  declare value: string | null;
  declare whole: boolean;

  protected override render() {
    const { value } = this;
    if (!value) return html`<span class="muted">–</span>`;
    const hex = value.replace(/^sha256:/, "");
    const short = this.whole || hex.length < 20 ? value : `${hex.slice(0, 8)}…${hex.slice(-6)}`;
    return html`<span class="digest"
      ><code title=${value}>${short}</code
      ><button type="button" class="icon-button" title=${this.app.t("action.copy")} @click=${() => copyText(this.app, value)}>
        ${icons.copy}<span class="sr">${this.app.t("digest.copy", { digest: short })}</span>
      </button></span
    >`;
  }
}
customElements.define("cs-digest", CsDigest);
