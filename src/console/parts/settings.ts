import { html, nothing } from "lit";
import type { Locale } from "../app-context.ts";
import { Part } from "../element.ts";
import type { TextKey } from "../texts/en/index.ts";
import { chosenTheme, type Theme, themes, useTheme } from "../theme.ts";
import { icons } from "./icons.ts";

const languages: readonly (readonly [Locale, string])[] = [
  ["en", "English"],
  ["vi", "Tiếng Việt"],
];

/** Who is signed in, the language, the appearance, and the way out. */
export class CsSettings extends Part {
  #language(event: Event): void {
    const detail = (event.target as HTMLSelectElement).value;
    this.dispatchEvent(new CustomEvent("cs-language", { detail, bubbles: true }));
  }

  #theme(event: Event): void {
    useTheme((event.target as HTMLSelectElement).value as Theme);
  }

  protected override render() {
    const { app } = this;
    return html`<section class="settings" aria-label=${app.t("nav.account")}>
      ${app.session.principal === "" ? nothing : this.#person()}
      <div class="settings-row">
        <label
          ><span>${app.t("language.label")}</span>
          <select name="language" @change=${this.#language}>
            ${languages.map(
              ([value, name]) =>
                html`<option value=${value} lang=${value} ?selected=${app.locale === value}>${name}</option>`,
            )}
          </select></label
        >
        <label
          ><span>${app.t("theme.label")}</span>
          <select name="theme" @change=${this.#theme}>
            ${themes.map(
              (theme) =>
                html`<option value=${theme} ?selected=${chosenTheme() === theme}>${app.t(`theme.${theme}` as TextKey)}</option>`,
            )}
          </select></label
        >
      </div>
    </section>`;
  }

  #person() {
    const { app } = this;
    const { principal, roles } = app.session;
    return html`<div class="person">
      ${icons.user}
      <div>
        <strong>${principal}</strong>
        <span class="muted small">${roles.join(", ")}</span>
      </div>
      <button type="button" class="quiet" @click=${() => this.dispatchEvent(new Event("cs-sign-out", { bubbles: true }))}>
        ${app.t("signin.out")}
      </button>
    </div>`;
  }
}
customElements.define("cs-settings", CsSettings);
