import { html, nothing } from "lit";
import { ClientProblem } from "../../client/index.ts";
import type { AppContext } from "../app-context.ts";
import { Part } from "../element.ts";
import { icons } from "./icons.ts";
import { shown } from "./shown.ts";

/** One sentence for what went wrong, in the reader's language where the code is one that people meet. */
export function problemText(app: AppContext, error: unknown): string {
  if (error instanceof ClientProblem) {
    const own = app.word("problem", error.code);
    return own === error.code ? error.detail : own;
  }
  if (error instanceof Error && error.name === "AbortError") return "";
  return app.t("problem.unreachable");
}

/** `<cs-problem .app .error=${…}>`: what went wrong, its code, and a button to try again where `retry` is heard. */
export class CsProblem extends Part {
  static override properties = { ...Part.properties, error: { attribute: false }, retry: { attribute: false } };
  declare error: unknown;
  declare retry: (() => void) | undefined;

  protected override render() {
    const { error } = this;
    if (error === undefined || error === null) return nothing;
    const text = problemText(this.app, error);
    if (text === "") return nothing;
    return html`<div class="problem" role="alert">
      ${icons.warn}
      <div>
        <p><strong>${text}</strong></p>
        ${error instanceof ClientProblem ? this.#rest(error, text) : nothing}
        ${
          this.retry === undefined
            ? nothing
            : html`<p><button type="button" @click=${this.retry}>${this.app.t("action.retry")}</button></p>`
        }
      </div>
    </div>`;
  }

  #rest(problem: ClientProblem, text: string) {
    const places = problem.errors.map(
      ({ pointer, detail }) => html`<li><code>${shown(pointer)}</code> ${shown(detail)}</li>`,
    );
    return html`${problem.detail === text ? nothing : html`<p>${shown(problem.detail)}</p>`}
      ${places.length === 0 ? nothing : html`<ul>${places}</ul>`}
      <p class="muted small"><code>${problem.code}</code> ${problem.requestId ?? ""}</p>`;
  }
}
customElements.define("cs-problem", CsProblem);
