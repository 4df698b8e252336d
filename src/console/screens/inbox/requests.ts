import { html } from "lit";
import { Screen } from "../../element.ts";
import "../../parts/index.ts";
import { askedBy, requestFilters, withFilter } from "./filters.ts";
import "./list.ts";
import type { CsRequestList } from "./list.ts";

/** Every request, whoever made it. */
export class CsRequests extends Screen {
  #filtered(name: string, value: string): void {
    this.app.navigate(withFilter("/requests", name, value), true);
  }

  protected override render() {
    const { app, query } = this;
    const asked = askedBy(query);
    const refresh = () => this.querySelector<CsRequestList>("cs-request-list")?.refresh();
    return html`<header class="page-head">
        <h1>${app.t("requests.title")}</h1>
        <span class="grow"></span>
        <button type="button" class="quiet" @click=${refresh}>${app.t("action.refresh")}</button>
        <cs-copy-curl
          .app=${app}
          .request=${{ method: "GET", path: "/v1/approval-requests", query: asked }}
        ></cs-copy-curl>
        <p>${app.t("requests.lead")}</p>
      </header>
      ${requestFilters(app, query, (name, value) => this.#filtered(name, value), true)}
      <cs-request-list
        .app=${app}
        .query=${asked}
        .label=${app.t("requests.title")}
        .empty=${app.t(Object.keys(asked).length === 0 ? "list.empty" : "inbox.none")}
      ></cs-request-list>`;
  }
}
customElements.define("cs-requests", CsRequests);
