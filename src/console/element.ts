import { LitElement, type PropertyValues } from "lit";
import type { AppContext } from "./app-context.ts";

/** An element without a shadow: the one sheet of the page styles it, and ids reach across parts. */
export class LightElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** A part: an element that shows texts and therefore needs the context. */
export class Part extends LightElement {
  static override properties: Record<string, object> = { app: { attribute: false } };
  declare app: AppContext;
}

/**
 * A screen. The shell sets `app`, `params` and `query`, the latter two anew when the address changes; an element stays
 * as long as the path's pattern does.
 */
export class Screen extends LightElement {
  static override properties: Record<string, object> = {
    app: { attribute: false },
    params: { attribute: false },
    query: { attribute: false },
  };
  declare app: AppContext;
  declare params: Readonly<Record<string, string>>;
  declare query: URLSearchParams;

  /** Further words for the title of the page, e.g. the code of what is shown. */
  setTitle(words: string): void {
    this.dispatchEvent(new CustomEvent("cs-title", { detail: words, bubbles: true }));
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("params") || changed.has("query")) this.arrived(changed.has("params"));
  }

  /** The address is another one: load what it names. @param _anew whether it names another thing */
  protected arrived(_anew: boolean): void {}
}
