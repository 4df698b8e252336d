import { html, nothing, type TemplateResult } from "lit";
import { Part } from "../element.ts";
import { href } from "../paths.ts";
import "./more.ts";
import type { Pages } from "./pages.ts";

export interface Column<Item> {
  readonly name: string;
  /** The first column is what the row is called; it becomes the row's link where there is one. */
  readonly render: (item: Item) => TemplateResult | string | number | typeof nothing;
  /** `num` to the right, `wide` for prose, `tight` for what shall not wrap. */
  readonly kind?: "num" | "wide" | "tight";
}

/**
 * `<cs-table .app .columns .pages .link=${(item) => path} .label=… .empty=…>`: a list of a page after another; a table,
 * and on a narrow screen a card for each row. With `items` in place of `pages` it shows these.
 */
export class CsTable extends Part {
  static override properties = {
    ...Part.properties,
    columns: { attribute: false },
    pages: { attribute: false, hasChanged: () => true },
    items: { attribute: false },
    link: { attribute: false },
    label: {},
    empty: {},
  };
  declare columns: readonly Column<unknown>[];
  declare pages: Pages<unknown> | undefined;
  declare items: readonly unknown[] | undefined;
  declare link: ((item: unknown) => string | undefined) | undefined;
  declare label: string;
  declare empty: string;

  protected override render() {
    const items = this.pages?.items ?? this.items ?? [];
    const more = this.pages === undefined ? this.#none(items) : this.#more(this.pages);
    if (items.length === 0) return more;
    return html`<div class="table-frame">
        <table class="table" aria-label=${this.label}>
          <thead>
            <tr>
              ${this.columns.map(({ name, kind }) => html`<th scope="col" class=${kind ?? ""}>${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${items.map((item) => this.#row(item))}
          </tbody>
        </table>
      </div>
      ${more}`;
  }

  #none(items: readonly unknown[]) {
    return items.length > 0 ? nothing : html`<p class="empty">${this.empty || this.app.t("list.empty")}</p>`;
  }

  #more(pages: Pages<unknown>) {
    return html`<cs-more .app=${this.app} .pages=${pages} .empty=${this.empty}></cs-more>`;
  }

  #row(item: unknown) {
    const path = this.link?.(item);
    return html`<tr>
      ${this.columns.map(({ name, kind, render }, position) => {
        const content = render(item);
        const cell =
          position === 0 && path !== undefined
            ? html`<a class="row-link" data-row href=${href(path)}>${content}</a>`
            : content;
        return html`<td class=${kind ?? ""} data-label=${name}>${cell}</td>`;
      })}
    </tr>`;
  }
}
customElements.define("cs-table", CsTable);
