import { html, nothing } from "lit";
import { Part } from "../../element.ts";
import { Load, problemText } from "../../parts/index.ts";
import { saveAs } from "./download.ts";

/**
 * `<cs-evidence .app kind="grants" name="…">`: hands out the evidence of a grant or of a run, byte for byte as it was
 * signed (OPEN-5), and leads to the page of it.
 */
export class CsEvidence extends Part {
  static override properties = { ...Part.properties, kind: {}, name: {} };
  declare kind: "grants" | "runs";
  declare name: string;
  readonly #file = new Load<string>(this);

  async #save(): Promise<void> {
    const { app, kind, name } = this;
    const { client } = app;
    const text = await this.#file.run((signal) =>
      kind === "grants" ? client.grantEvidence(name, "file", { signal }) : client.runEvidence(name, "file", { signal }),
    );
    if (text === undefined) return app.toast(problemText(app, this.#file.problem), "error");
    saveAs(`evidence-${name.replaceAll(/[^\w.-]+/g, "_")}.json`, text);
    app.toast(app.t("evidence.saved"));
  }

  protected override render() {
    const { app, kind, name } = this;
    const path = `/v1/${kind}/${encodeURIComponent(name)}/evidence`;
    return html`<button type="button" ?disabled=${this.#file.busy} @click=${() => this.#save()}>
        ${app.t("evidence.download")}
      </button>
      <a class="button" href=${path} target="_blank" rel="noopener">${app.t("evidence.page")}</a>
      ${this.#file.busy ? html`<span class="muted" role="status">${app.t("list.loading")}</span>` : nothing}`;
  }
}
customElements.define("cs-evidence", CsEvidence);
