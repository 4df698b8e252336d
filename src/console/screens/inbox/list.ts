import { html, type PropertyValues } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import type { ApprovalRequestSummary } from "../../../approvals/index.ts";
import { Part } from "../../element.ts";
import { Pages } from "../../parts/index.ts";
import { requestRow } from "./row.ts";

export type RequestQuery = Readonly<Record<string, string | undefined>>;

/** As many as fill a large screen. */
const pageSize = 50;

/** `<cs-request-list .app .query=${…}>`: the requests that a query finds, page after page; says when it has all of them. */
export class CsRequestList extends Part {
  static override properties = {
    ...Part.properties,
    query: {
      attribute: false,
      hasChanged: (now: RequestQuery, before: RequestQuery) => textOf(now) !== textOf(before),
    },
    label: {},
    empty: {},
  };
  declare query: RequestQuery;
  declare label: string;
  declare empty: string;
  readonly #pages = new Pages<ApprovalRequestSummary>(this);

  /** Asks again from the beginning. */
  refresh(): void {
    void this.#load();
  }

  async #load(): Promise<void> {
    const { query } = this;
    await this.#pages.start((cursor, signal) =>
      this.app.client.listRequests({ ...query, limit: pageSize, cursor }, { signal }),
    );
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("query")) void this.#load();
  }

  protected override updated(): void {
    const { complete, items } = this.#pages;
    this.dispatchEvent(new CustomEvent("cs-progress", { detail: { complete, count: items.length } }));
  }

  protected override render() {
    const { app } = this;
    const { items, begun, busy } = this.#pages;
    return html`<ol class="rows" aria-label=${this.label} aria-busy=${busy && !begun ? "true" : "false"}>
        ${repeat(
          items,
          (item) => item.apr_code,
          (item) => guard([item, app], () => requestRow(app, item)),
        )}
      </ol>
      <cs-more .app=${app} .pages=${this.#pages} .empty=${this.empty}></cs-more>`;
  }
}

function textOf(query: RequestQuery | undefined): string {
  return query === undefined ? "" : JSON.stringify(query);
}
customElements.define("cs-request-list", CsRequestList);
