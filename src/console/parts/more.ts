import { html, nothing } from "lit";
import { Part } from "../element.ts";
import type { Pages } from "./pages.ts";

/** `<cs-more .app .pages=${pages}>`: the end of a list; reads the next page when it comes into sight, or by its button. */
export class CsMore extends Part {
  static override properties = {
    ...Part.properties,
    pages: { attribute: false, hasChanged: () => true },
    empty: {},
  };
  declare pages: Pages<unknown>;
  /** What a list without items says. */
  declare empty: string;
  #observer: IntersectionObserver | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) this.#readOn();
      },
      { rootMargin: "600px" },
    );
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer?.disconnect();
  }

  protected override updated(): void {
    // The list may have grown by so little that its end is in sight still: an observer that begins anew tells.
    this.#observer?.unobserve(this);
    this.#observer?.observe(this);
  }

  #readOn(): void {
    const { pages } = this;
    if (pages.begun && !pages.busy && !pages.complete && pages.problem === undefined) void pages.more();
  }

  protected override render() {
    const { pages, app } = this;
    if (pages.problem !== undefined) {
      return html`<cs-problem .app=${app} .error=${pages.problem} .retry=${() => void pages.more()}></cs-problem>`;
    }
    if (pages.busy || !pages.begun) return html`<p class="muted more" role="status">${app.t("list.loading")}</p>`;
    if (pages.items.length === 0) return html`<p class="empty">${this.empty || app.t("list.empty")}</p>`;
    if (pages.complete) return nothing;
    return html`<p class="more">
      <button type="button" @click=${() => void pages.more()}>${app.t("list.more")}</button>
    </p>`;
  }
}
customElements.define("cs-more", CsMore);
