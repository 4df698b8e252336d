import { diffLines } from "diff";
import { html, type TemplateResult } from "lit";
import type { ApprovalRequest } from "../../../approvals/index.ts";
import type { AppContext } from "../../app-context.ts";
import { readableJson } from "../../canonical.ts";
import { shown } from "../../parts/index.ts";
import { href, pathTo } from "../../paths.ts";

/** Lines around a change that stay in sight. */
const around = 3;

export interface Line {
  readonly kind: "same" | "added" | "removed" | "gap";
  readonly text: string;
}

/** The difference of two contents line by line; of what is the same, only what is near a change. */
export function differenceOf(before: unknown, after: unknown): readonly Line[] {
  const lines: Line[] = diffLines(readableJson(before), readableJson(after)).flatMap(({ value, added, removed }) =>
    value
      .replace(/\n$/, "")
      .split("\n")
      .map((text) => ({ kind: added ? "added" : removed ? "removed" : "same", text }) as const),
  );
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - around), at + around + 1).some(({ kind }) => kind !== "same"),
  );
  return lines.flatMap((line, at) => {
    if (near[at] === true) return [line];
    return at === 0 || near[at - 1] === true ? [{ kind: "gap", text: "⋯" } as const] : [];
  });
}

/** A difference as it is read: each line says by a sign what became of it, not by its colour alone. */
export function differenceLines(app: AppContext, lines: readonly Line[]): TemplateResult {
  if (lines.every(({ kind }) => kind === "same" || kind === "gap")) return html`<p>${app.t("request.diffNone")}</p>`;
  return html`<div class="diff code-block" tabindex="0" role="region" aria-label=${app.t("request.diffLines")}>
    ${lines.map(({ kind, text }) => oneLine(kind, text))}
  </div>`;
}

function oneLine(kind: Line["kind"], text: string): TemplateResult {
  switch (kind) {
    case "added":
      return html`<ins><span class="sign" aria-hidden="true">+</span>${shown(text)}</ins>`;
    case "removed":
      return html`<del><span class="sign" aria-hidden="true">−</span>${shown(text)}</del>`;
    case "same":
    case "gap":
      return html`<div class=${kind}><span class="sign" aria-hidden="true"></span>${shown(text)}</div>`;
  }
}

/** What was approved before for the same plan and target, and what is different now. */
export function comparisonCard(app: AppContext, request: ApprovalRequest, before: ApprovalRequest): TemplateResult {
  const link = html`<a href=${href(pathTo("requests", before.apr_code))}>${before.apr_code}</a>`;
  return html`<section class="card" aria-labelledby="diff-heading">
    <h2 id="diff-heading">${app.t("request.diff")}</h2>
    <p class="diff-against">
      ${app.t("request.diffAgainst")} ${link} <cs-status .app=${app} value=${before.status}></cs-status>
      <cs-time .app=${app} at=${before.result_at ?? before.created_at}></cs-time>
    </p>
    ${differenceLines(app, differenceOf(before.request, request.request))}
  </section>`;
}
