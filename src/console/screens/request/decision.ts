import { html, nothing, type TemplateResult } from "lit";
import { type AppContext, hasRole } from "../../app-context.ts";
import { icons, shown } from "../../parts/index.ts";
import { href, pathTo } from "../../paths.ts";
import type { TextKey } from "../../texts/en/index.ts";
import { quorum } from "../inbox/row.ts";
import { matches, type Seen } from "./content.ts";

export type Decision = "approve" | "reject";

/** Why the person may not vote, in their language; undefined where they may. */
export function whyNot(app: AppContext, seen: Seen): string | undefined {
  const { principal } = app.session;
  if (seen.request.deciders.may_vote.includes(principal)) return matches(seen) ? undefined : app.t("request.whyDigest");
  const excluded = seen.request.deciders.may_not.find((person) => person.principal === principal);
  return excluded === undefined ? app.t("request.whyRole") : app.word("why", excluded.why);
}

export interface DecisionActions {
  readonly vote: (decision: Decision) => void;
  readonly withdraw: () => void;
}

/** Where the request stands, who has voted, who still may, and what the person can do. */
export function decisionCard(app: AppContext, seen: Seen, actions: DecisionActions): TemplateResult {
  const { request } = seen;
  const undecided = request.status === "open" || request.status === "approved";
  return html`<aside class="card decision" aria-labelledby="decision-heading">
    <h2 id="decision-heading">${app.t("request.decision")}</h2>
    <dl class="facts">
      <dt>${app.t("requests.status")}</dt>
      <dd><cs-status .app=${app} value=${request.status}></cs-status></dd>
      <dt>${app.t("requests.risk")}</dt>
      <dd><cs-status .app=${app} risk value=${request.risk}></cs-status></dd>
      <dt>${app.t("request.deadline")}</dt>
      <dd><cs-time .app=${app} at=${request.decide_by} ?countdown=${undecided} exact></cs-time></dd>
      <dt>${app.t("request.quorum")}</dt>
      <dd>${quorum(app, request)}</dd>
      ${outcome(app, seen)}
    </dl>
    ${undecided ? buttons(app, seen, actions) : nothing} ${votes(app, seen)} ${deciders(app, seen)}
    ${request.status === "approved" ? html`<p class="note">${icons.runs} <span>${app.t("request.execute")}</span></p>` : nothing}
  </aside>`;
}

function outcome(app: AppContext, { request }: Seen) {
  return html`${
    request.result === null
      ? nothing
      : html`<dt>${app.t("request.result")}</dt><dd><code>${shown(request.result)}</code></dd>`
  }
  ${
    request.auth_code === null
      ? nothing
      : html`<dt>${app.t("nav.grant")}</dt>
        <dd><a href=${href(pathTo("grants", request.auth_code))}>${request.auth_code}</a></dd>`
  }`;
}

function buttons(app: AppContext, seen: Seen, { vote, withdraw }: DecisionActions) {
  const why = whyNot(app, seen);
  const mine = seen.request.requested_by === app.session.principal && hasRole(app, "requester");
  return html`<div class="actions decide">
      <button type="button" class="primary" ?disabled=${why !== undefined} aria-describedby="why-not" @click=${() => vote("approve")}>
        ${icons.check} ${app.t("request.approve")}
      </button>
      <button type="button" class="danger" ?disabled=${why !== undefined} aria-describedby="why-not" @click=${() => vote("reject")}>
        ${icons.cross} ${app.t("request.reject")}
      </button>
      ${mine ? html`<button type="button" @click=${withdraw}>${app.t("request.withdraw")}</button>` : nothing}
    </div>
    <p id="why-not" class="small why-not">${why === undefined ? app.t("request.onDigest") : html`${icons.bar} ${why}`}</p>`;
}

function votes(app: AppContext, { request }: Seen) {
  if (request.votes.length === 0)
    return html`<h3>${app.t("request.votes")}</h3><p class="muted">${app.t("request.votesNone")}</p>`;
  return html`<h3>${app.t("request.votes")}</h3>
    <ul class="ballots">
      ${request.votes.map(
        (vote) => html`<li>
          <p class="ballot-head">
            <strong>${vote.voter}</strong>
            <cs-status .app=${app} value=${vote.decision}></cs-status>
            ${vote.council ? html`<span class="badge">${app.t("request.councilVote")}</span>` : nothing}
            <cs-time class="muted small" .app=${app} at=${vote.voted_at}></cs-time>
          </p>
          <p class="prose small">${shown(vote.reason)}</p>
        </li>`,
      )}
    </ul>`;
}

function deciders(app: AppContext, { request: { deciders: people } }: Seen) {
  return html`<h3>${app.t("request.mayVote")}</h3>
    ${
      people.may_vote.length === 0
        ? html`<p class="muted">${app.t("request.mayVoteNone")}</p>`
        : html`<ul class="chips">
          ${people.may_vote.map((principal) => html`<li>${principal}</li>`)}
        </ul>`
    }
    ${
      people.may_not.length === 0
        ? nothing
        : html`<details>
          <summary>${app.t("request.mayNot", { count: people.may_not.length })}</summary>
          <ul class="small">
            ${people.may_not.map(({ principal, why }) => html`<li><strong>${principal}</strong>: ${app.word("why", why)}</li>`)}
          </ul>
        </details>`
    }`;
}

/** What stands in the dialog: what is decided on, by its digest, so that it is the same as on the screen. */
export function ballot(app: AppContext, { request }: Seen, decision: Decision): TemplateResult {
  const text: TextKey = decision === "approve" ? "request.approveText" : "request.rejectText";
  return html`<p>${app.t(text)}</p>
    <dl class="facts">
      <dt>${app.t("request.title")}</dt>
      <dd><strong>${shown(request.title)}</strong></dd>
      <dt>${app.t("request.code")}</dt>
      <dd><code>${request.apr_code}</code></dd>
      <dt>${app.t("requests.risk")}</dt>
      <dd><cs-status .app=${app} risk value=${request.risk}></cs-status></dd>
      <dt>${app.t("request.digest")}</dt>
      <dd><code class="whole">${request.apr_digest}</code></dd>
    </dl>`;
}
