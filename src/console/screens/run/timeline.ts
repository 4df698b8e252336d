import { html, nothing, svg, type TemplateResult } from "lit";
import type { AppContext } from "../../app-context.ts";
import { duration, exactTime, shown } from "../../parts/index.ts";
import { type Attempt, type Row, spanOf } from "./rows.ts";

/** The states one below the other, each attempt at its place in time, what was undone after what was done. */
export function timeline(app: AppContext, rows: readonly Row[], now: number): TemplateResult {
  const span = spanOf(rows, now);
  return html`<div class="table-frame">
    <table class="table timeline" aria-label=${app.t("runs.timeline")}>
      <thead>
        <tr>
          <th scope="col">${app.t("runs.state")}</th>
          <th scope="col">${app.t("filter.status")}</th>
          <th scope="col" class="num">${app.t("runs.attempts")}</th>
          <th scope="col" class="num">${app.t("runs.took")}</th>
          <th scope="col" class="bar">${app.t("runs.when")}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => line(app, row, span, now))}
      </tbody>
    </table>
  </div>`;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function line(app: AppContext, row: Row, span: Span, now: number): TemplateResult {
  const { attempts, durationMs } = row;
  const first = attempts[0];
  const took = durationMs ?? (first === undefined ? undefined : Math.max(0, now - first.began));
  return html`<tr class="${row.status} ${row.undoes ? "undoes" : ""}" data-row-key=${row.key}>
    <td data-label=${app.t("runs.state")}>
      <div><code>${row.undoes ? "↩ " : ""}${shown(row.state)}</code> ${shown(row.name)}
      ${row.undoes ? html`<span class="sr">${app.t("runs.undoes")}</span>` : nothing}
      ${
        row.error === null
          ? nothing
          : html`<p class="small bad-text"><code>${shown(row.error.code)}</code> ${shown(row.error.detail)}</p>`
      }
    </div></td>
    <td data-label=${app.t("filter.status")}><cs-status .app=${app} value=${row.status}></cs-status></td>
    <td class="num tries" data-label=${app.t("runs.attempts")}>${attempts.length === 0 ? "–" : attempts.length}</td>
    <td class="num took" data-label=${app.t("runs.took")}>${took === undefined ? "–" : duration(took)}</td>
    <td class="bar" data-label=${app.t("runs.when")}>${bar(app, attempts, span, now)}</td>
  </tr>`;
}

function bar(app: AppContext, attempts: readonly Attempt[], { from, to }: Span, now: number) {
  if (attempts.length === 0) return nothing;
  const share = (time: number): number => (Math.min(Math.max(time, from), to) - from) / (to - from);
  const said = attempts
    .map(({ number, began, ended }) => `${number}: ${at(app, began)} – ${ended === undefined ? "…" : at(app, ended)}`)
    .join("; ");
  const drawn = attempts.map(({ began, ended, status }) => {
    const [left, right] = [share(began), share(ended ?? now)];
    // What was over at once is still to be seen.
    return svg`<rect class=${status} x=${percent(Math.min(left, 0.985))} width=${percent(Math.max(right - left, 0.015))} y="3" height="12" rx="3"></rect>`;
  });
  return html`<svg class="bars-line" width="100%" height="18" role="img" aria-label=${said}>
    <rect class="ground" x="0" y="8" width="100%" height="2"></rect>
    ${drawn}
  </svg>`;
}

const at = (app: AppContext, time: number): string => exactTime(app, new Date(time).toISOString());
const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;
