import { html, nothing, type TemplateResult } from "lit";
import type { PlanView } from "../../../plans/index.ts";
import type { AppContext } from "../../app-context.ts";
import { shown } from "../../parts/index.ts";
import type { TextKey } from "../../texts/en/index.ts";
import { facts, json } from "../frame/facts.ts";

export type StepView = PlanView["steps"][number];

/** A step as the plan file has it; of another author's members only those are read that are texts. */
type Content = Readonly<Record<string, unknown>>;

/**
 * What a step does, in full: its SQL, what it may change, what stops it, and how it is taken back.
 * @param isNext whether it is the one that comes next: that one is unfolded
 */
export function stepCard(
  app: AppContext,
  step: StepView,
  content: Content,
  isNext = step.status === "open",
): TemplateResult {
  return html`<details class="card step" id="step-${step.step}" ?open=${isNext}>
    <summary>
      <span class="step-number">${step.step}</span>
      <span class="grow"><strong>${shown(step.name)}</strong> <span class="muted">${app.word("plans.kind", step.kind)}</span></span>
      <cs-status .app=${app} value=${step.status}></cs-status>
    </summary>
    ${text(content["title"]) === undefined ? nothing : html`<p>${shown(text(content["title"]) ?? "")}</p>`}
    ${facts(app, [
      ["plans.after", step.after.length === 0 ? null : step.after.join(", ")],
      ["plans.records", step.records.length === 0 ? null : step.records.join(", ")],
      ["plans.signed", step.signed ? app.t("plans.yes") : null],
      ["plans.stepDigest", html`<cs-digest .app=${app} value=${step.step_digest}></cs-digest>`],
      ["plans.actAt", step.act_at === null ? null : html`<cs-time .app=${app} at=${step.act_at} exact></cs-time>`],
      ["plans.actBy", step.act_by],
    ])}
    ${prose(app, "plans.prerequisites", content["prerequisites"])} ${prose(app, "plans.never", content["never"])}
    ${sql(app.t("plans.sql"), content["sql"])} ${named(app, "plans.stop", content["stop"])}
    ${named(app, "plans.evidence", content["evidence"])} ${named(app, "plans.negative", content["negative"])}
    ${json(app.t("plans.allowed"), content["allowed"])} ${json(app.t("plans.forbidden"), content["forbidden"])}
    ${json(app.t("plans.backup"), content["backup"])} ${prose(app, "plans.documents", content["documents"])}
    ${rollback(app, content["rollback"])}
    ${
      text(content["handoff"]) === undefined
        ? nothing
        : html`<h3 class="minor">${app.t("plans.handoff")}</h3><p class="prose">${shown(text(content["handoff"]) ?? "")}</p>`
    }
  </details>`;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const members = (value: unknown): Content => (typeof value === "object" && value !== null ? { ...value } : {});

function sql(label: string, value: unknown): TemplateResult | typeof nothing {
  const statement = text(value);
  if (statement === undefined) return nothing;
  return html`<h3 class="minor">${label}</h3>
    <pre class="code-block sql" tabindex="0" role="group" aria-label=${label}><code>${shown(statement.trimEnd())}</code></pre>`;
}

function prose(app: AppContext, label: TextKey, value: unknown) {
  const lines = list(value).filter((one) => typeof one === "string");
  if (lines.length === 0) return nothing;
  return html`<h3 class="minor">${app.t(label)}</h3>
    <ul>
      ${lines.map((line) => html`<li>${shown(line)}</li>`)}
    </ul>`;
}

/** Questions to the target, each with its name and what is expected of it. */
function named(app: AppContext, label: TextKey, value: unknown) {
  const questions = list(value).map(members);
  if (questions.length === 0) return nothing;
  return html`<details class="questions">
    <summary>${app.t(label)} (${questions.length})</summary>
    ${questions.map((question) => {
      const name = text(question["name"]) ?? "";
      const expected = question["expect"] ?? question["refused_with"];
      return html`${sql(name, question["sql"])}
      ${expected === undefined ? nothing : html`<p class="small">${app.t("plans.expected")} <code>${shown(JSON.stringify(expected))}</code></p>`}`;
    })}
  </details>`;
}

function rollback(app: AppContext, value: unknown) {
  if (typeof value !== "object" || value === null) return nothing;
  const content = members(value);
  return html`<details class="questions">
    <summary>${app.t("plans.rollback")} · ${shown(text(content["mode"]) ?? "")}</summary>
    ${sql(app.t("plans.rollbackSql"), content["sql"])} ${json(app.t("plans.allowed"), content["rows"])}
    ${named(app, "plans.evidence", content["evidence"])}
  </details>`;
}
