import { html, nothing, type TemplateResult } from "lit";
import type { LedgerLine } from "../../../plans/index.ts";
import type { AppContext } from "../../app-context.ts";
import { shown } from "../../parts/index.ts";
import { href, pathTo } from "../../paths.ts";
import { facts, json } from "../frame/facts.ts";
import { changesOf, compare, isSameDelta, rehearsalOf } from "./delta.ts";

/** The ledger, the newest line first, each with what it has changed; a commit beside its rehearsal (PLAN-5). */
export function ledger(app: AppContext, lines: readonly LedgerLine[]): TemplateResult {
  if (lines.length === 0) return html`<p class="empty">${app.t("plans.ledgerEmpty")}</p>`;
  const newest = [...lines].sort((one, other) => other.seq - one.seq);
  return html`<ol class="ledger" reversed>
    ${newest.map((line) => entry(app, line, lines))}
  </ol>`;
}

function entry(app: AppContext, line: LedgerLine, lines: readonly LedgerLine[]): TemplateResult {
  const digest = (value: string | null) =>
    value === null ? null : html`<cs-digest .app=${app} value=${value}></cs-digest>`;
  return html`<li>
    <details class="line" data-outcome=${line.outcome}>
      <summary>
        <span class="step-number">${line.step}</span>
        <span>${app.word("plans.act", line.act)}</span>
        <cs-status .app=${app} value=${line.outcome}></cs-status>
        <span class="grow"></span>
        <span class="muted">${shown(line.recorded_by)} · <cs-time .app=${app} at=${line.recorded_at}></cs-time></span>
      </summary>
      ${facts(app, [
        ["runs.root", html`<a href=${href(pathTo("runs", line.idempotency_root))}>${shown(line.idempotency_root)}</a>`],
        ["plans.approval", line.approval_code],
        ["plans.revision", line.revision],
        ["plans.entryFingerprint", digest(line.entry_fingerprint)],
        ["plans.exitFingerprint", digest(line.exit_fingerprint)],
        ["runs.rehearsalRef", digest(line.rehearsal_ref)],
      ])}
      ${deltas(app, line, rehearsalOf(line, lines))} ${json(app.t("plans.error"), line.error, true)}
      ${json(app.t("plans.evidence"), line.evidence)} ${json(app.t("plans.backups"), line.backups)}
      ${json(app.t("plans.documents"), line.documents)}
    </details>
  </li>`;
}

function deltas(app: AppContext, line: LedgerLine, rehearsal: LedgerLine | undefined) {
  if (line.delta === null) return nothing;
  if (rehearsal === undefined) return single(app, line.delta);
  const same = isSameDelta(rehearsal.delta, line.delta);
  const rows = compare(rehearsal.delta, line.delta);
  const mark = (there: boolean) =>
    html`<span aria-hidden="true">${there ? "✓" : "–"}</span><span class="sr">${app.t(there ? "plans.there" : "plans.absent")}</span>`;
  return html`<h3 class="minor">${app.t("plans.delta")}</h3>
    <p class="note ${same ? "good" : "bad"}">${app.t(same ? "plans.deltaSame" : "plans.deltaDiffers")}</p>
    <div class="table-frame">
      <table class="table delta">
        <thead>
          <tr>
            <th scope="col">${app.t("plans.changed")}</th>
            <th scope="col">${app.t("plans.change")}</th>
            <th scope="col">${app.t("plans.inRehearsal")}</th>
            <th scope="col">${app.t("plans.inCommit")}</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ subject, change, side }) => html`<tr class=${side}>
              <td data-label=${app.t("plans.changed")}><code>${shown(subject)}</code></td>
              <td data-label=${app.t("plans.change")}><code>${shown(change)}</code></td>
              <td data-label=${app.t("plans.inRehearsal")}>${mark(side !== "commit")}</td>
              <td data-label=${app.t("plans.inCommit")}>${mark(side !== "rehearsal")}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function single(app: AppContext, delta: unknown): TemplateResult {
  const changes = changesOf(delta);
  return html`<h3 class="minor">${app.t("plans.delta")}</h3>
    ${
      changes.length === 0
        ? html`<p class="muted">${app.t("plans.deltaNone")}</p>`
        : html`<ul class="plain-list">
          ${changes.map(({ subject, change }) => html`<li><code>${shown(subject)}</code> <code class="muted">${shown(change)}</code></li>`)}
        </ul>`
    }`;
}
