import { html, nothing } from "lit";
import type { TextKey } from "../texts/en/index.ts";
import { Part } from "../element.ts";
import { useSingleKeys, usesSingleKeys } from "../shortcuts.ts";

const keys: readonly (readonly [string, TextKey])[] = [
  ["j", "sheet.next"],
  ["k", "sheet.previous"],
  ["Enter", "sheet.open"],
  ["/", "sheet.search"],
  ["i", "sheet.inbox"],
  ["?", "sheet.sheet"],
];

/** What each key does; opened by `?` and from the menu. */
export class CsKeyboardSheet extends Part {
  static override properties = { ...Part.properties, open: { state: true } };
  declare open: boolean;

  constructor() {
    super();
    this.addEventListener("cs-show", () => void this.#show());
  }

  async #show(): Promise<void> {
    this.open = true;
    await this.updateComplete;
    this.querySelector("dialog")?.showModal();
  }

  protected override render() {
    if (!this.open) return nothing;
    const { app } = this;
    return html`<dialog class="dialog" aria-labelledby="sheet-heading" @close=${() => (this.open = false)}>
      <h2 id="sheet-heading">${app.t("sheet.heading")}</h2>
      <dl class="keys">
        ${keys.map(([key, text]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${app.t(text)}</dd></div>`)}
      </dl>
      <p class="muted">${app.t("sheet.note")}</p>
      <label class="check">
        <input
          type="checkbox"
          .checked=${usesSingleKeys()}
          @change=${(event: Event) => useSingleKeys((event.target as HTMLInputElement).checked)}
        />
        ${app.t("sheet.single")}
      </label>
      <form method="dialog" class="actions"><button class="primary">${app.t("action.close")}</button></form>
    </dialog>`;
  }
}
customElements.define("cs-keyboard-sheet", CsKeyboardSheet);
