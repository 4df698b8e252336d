import { html, nothing } from "lit";
import { hasRole } from "../../app-context.ts";
import { Screen } from "../../element.ts";
import "../../parts/index.ts";
import { href } from "../../paths.ts";
import type { TextKey } from "../../texts/en/index.ts";
import { askedBy, requestFilters, withFilter } from "./filters.ts";
import "./list.ts";
import type { CsRequestList, RequestQuery } from "./list.ts";

const views = ["waiting", "mine", "voted"] as const;
type View = (typeof views)[number];

const relations: Readonly<Record<View, string>> = { waiting: "can_vote", mine: "created", voted: "voted" };

/** What waits for the person first, then their own requests. */
export class CsInbox extends Screen {
  static override properties = { ...Screen.properties, waitingDone: { state: true } };
  /** Whether all that waits is shown, so that the person's own may follow. */
  declare waitingDone: boolean;

  get #view(): View {
    const asked = this.query.get("view");
    if (asked === "mine" || asked === "voted") return asked;
    return "waiting";
  }

  #query(view: View): RequestQuery {
    const asked = askedBy(this.query);
    // What can be voted on is open by definition.
    if (view === "waiting") delete asked.status;
    return { ...asked, relation: relations[view] };
  }

  #filtered(name: string, value: string): void {
    this.app.navigate(withFilter("/", name, value), true);
  }

  #refresh(): void {
    for (const list of this.querySelectorAll<CsRequestList>("cs-request-list")) list.refresh();
  }

  protected override render() {
    const { app, query } = this;
    const view = this.#view;
    const request = { method: "GET", path: "/v1/approval-requests", query: this.#query(view) } as const;
    return html`<header class="page-head">
        <h1>${app.t("inbox.title")}</h1>
        <span class="grow"></span>
        <button type="button" class="quiet" @click=${this.#refresh}>${app.t("action.refresh")}</button>
        <cs-copy-curl .app=${app} .request=${request}></cs-copy-curl>
        <p>${app.t("inbox.lead")}</p>
      </header>
      <nav class="tabs" aria-label=${app.t("inbox.views")}>${views.map((one) => this.#tab(one, view))}</nav>
      ${requestFilters(app, query, (name, value) => this.#filtered(name, value), view !== "waiting")}
      ${this.#list(view)}
      ${
        view === "waiting" && this.waitingDone
          ? html`<section class="below" aria-labelledby="mine-heading">
            <h2 id="mine-heading">${app.t("inbox.mine")}</h2>
            ${this.#list("mine")}
          </section>`
          : nothing
      }`;
  }

  #tab(view: View, current: View) {
    const next = new URLSearchParams(this.query);
    next.delete("status");
    if (view === "waiting") next.delete("view");
    else next.set("view", view);
    const path = next.size === 0 ? "/" : `/?${next.toString()}`;
    return html`<a href=${href(path)} aria-current=${view === current ? "page" : nothing}
      >${this.app.t(`inbox.${view}`)}</a
    >`;
  }

  #list(view: View) {
    const { app } = this;
    const progress = (event: CustomEvent<{ complete: boolean }>) => {
      if (view === "waiting") this.waitingDone = event.detail.complete;
    };
    return html`<cs-request-list
      .app=${app}
      .query=${this.#query(view)}
      .label=${app.t(`inbox.${view}`)}
      .empty=${app.t(this.#emptyText(view))}
      @cs-progress=${progress}
    ></cs-request-list>`;
  }

  #emptyText(view: View): TextKey {
    const { q, risk, status } = askedBy(this.query);
    if (q !== undefined || risk !== undefined || status !== undefined) return "inbox.none";
    if (view === "waiting" && !hasRole(this.app, "approver", "council")) return "inbox.waitingNot";
    return `inbox.${view}None`;
  }
}
customElements.define("cs-inbox", CsInbox);
