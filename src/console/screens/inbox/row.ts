import { html, nothing, type TemplateResult } from "lit";
import type { ApprovalRequestSummary } from "../../../approvals/index.ts";
import type { AppContext } from "../../app-context.ts";
import { shown } from "../../parts/index.ts";
import { href, pathTo } from "../../paths.ts";

/** A request in a list: what it is, how dangerous, how far the votes are, and how long there still is to decide. */
export function requestRow(app: AppContext, item: ApprovalRequestSummary): TemplateResult {
  const undecided = item.status === "open" || item.status === "approved";
  return html`<li class="row">
    <div class="row-head">
      <a class="row-link" data-row href=${href(pathTo("requests", item.apr_code))}>${shown(item.title)}</a>
      <p class="row-meta">
        <code>${item.apr_code}</code>
        <span>${shown(item.proposed_action_code)}</span>
        <span>${app.t("requests.by", { principal: item.requested_by })}</span>
        <cs-time .app=${app} at=${item.created_at}></cs-time>
      </p>
    </div>
    <div class="row-risk"><cs-status .app=${app} risk value=${item.risk}></cs-status></div>
    <div class="row-votes">${quorum(app, item)}</div>
    <div class="row-state">
      <cs-status .app=${app} value=${item.status}></cs-status>
      ${
        undecided
          ? html`<cs-time .app=${app} at=${item.decide_by} countdown></cs-time>`
          : html`<cs-time .app=${app} at=${item.result_at ?? nothing}></cs-time>`
      }
    </div>
  </li>`;
}

/** How far the votes are, as a meter and in words. */
export function quorum(app: AppContext, { quorum: state }: Pick<ApprovalRequestSummary, "quorum">): TemplateResult {
  const { approvals, required, council_approvals, council_required } = state;
  const steps = Array.from({ length: required }, (_, step) => html`<i class=${step < approvals ? "on" : ""}></i>`);
  return html`<span class="votes">
    <span class="meter" aria-hidden="true">${steps}</span>
    <span class="small">${app.t("requests.quorum", { approvals, required })}</span>
    ${
      council_required > 0
        ? html`<span class="small muted"
          >${app.t("requests.council", { approvals: council_approvals, required: council_required })}</span
        >`
        : nothing
    }
  </span>`;
}
