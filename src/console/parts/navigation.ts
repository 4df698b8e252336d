import { html, nothing } from "lit";
import { Part } from "../element.ts";
import { href } from "../paths.ts";
import type { TextKey } from "../texts/en/index.ts";
import { type IconName, icons } from "./icons.ts";
import "./settings.ts";

type Entry = readonly [path: string, text: TextKey, icon: IconName];

const groups: readonly { readonly name: TextKey; readonly entries: readonly Entry[] }[] = [
  {
    name: "nav.decide",
    entries: [
      ["/", "nav.inbox", "inbox"],
      ["/requests", "nav.requests", "requests"],
    ],
  },
  {
    name: "nav.carry",
    entries: [
      ["/grants", "nav.grants", "grants"],
      ["/runs", "nav.runs", "runs"],
      ["/plans", "nav.plans", "plans"],
      ["/lifecycle", "nav.lifecycle", "lifecycle"],
    ],
  },
  {
    name: "nav.oversee",
    entries: [
      ["/audit", "nav.audit", "audit"],
      ["/keys", "nav.keys", "keys"],
      ["/holds", "nav.holds", "holds"],
      ["/webhooks", "nav.webhooks", "webhooks"],
    ],
  },
];

/** Those that stay in sight at the bottom of a narrow screen; the others are in its menu. */
const always = new Set(["/", "/requests", "/grants", "/runs"]);

/** The way to every screen: a column on the left, and on a narrow screen a bar at the bottom with a menu. */
export class CsNavigation extends Part {
  static override properties = { ...Part.properties, current: {}, open: { state: true } };
  declare current: string;
  declare open: boolean;

  override updated(changed: Map<string, unknown>): void {
    if (changed.has("current")) this.open = false;
  }

  protected override render() {
    const { app } = this;
    return html`<header class=${this.open ? "side open" : "side"}>
      <a class="brand" href=${href("/")}>
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
          <path class="mark-back" d="M16 2 28 6.5v9C28 23 23 28 16 30.5 9 28 4 23 4 15.5v-9z" />
          <path class="mark-line" d="m10 16 4.5 4.5L22.5 11.5" />
        </svg>
        <span>${app.t("app.name")}</span>
      </a>
      <nav aria-label=${app.t("nav.label")}>
        ${groups.map(
          ({ name, entries }) => html`<div class="nav-group">
            <p class="nav-name">${app.t(name)}</p>
            <ul>${entries.map((entry) => this.#entry(entry))}</ul>
          </div>`,
        )}
      </nav>
      <button
        type="button"
        class="nav-menu"
        aria-expanded=${this.open ? "true" : "false"}
        @click=${() => (this.open = !this.open)}
      >
        ${icons.menu}<span>${app.t("nav.menu")}</span>
      </button>
      <cs-settings .app=${app}></cs-settings>
    </header>`;
  }

  #entry([path, text, icon]: Entry) {
    const current = path === this.current;
    return html`<li class=${always.has(path) ? "always" : ""}>
      <a href=${href(path)} aria-current=${current ? "page" : nothing}>${icons[icon]}<span>${this.app.t(text)}</span></a>
    </li>`;
  }
}
customElements.define("cs-navigation", CsNavigation);
