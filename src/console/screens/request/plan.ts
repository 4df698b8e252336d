import { html, nothing, type TemplateResult } from "lit";
import type { PlanView } from "../../../plans/index.ts";
import type { AppContext } from "../../app-context.ts";
import { shown } from "../../parts/index.ts";
import { href, pathTo } from "../../paths.ts";
import { stepCard } from "../plan/step.ts";

/** Which revision of a plan a request names, if it names one. */
export function planNamed(content: unknown): { readonly id: string; readonly revision: string } | undefined {
  const action = member(content, "proposed_action");
  const id = member(action, "plan_id");
  const revision = member(action, "plan_revision");
  return typeof id === "string" && typeof revision === "string" ? { id, revision } : undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The steps of the plan with their SQL, as the registered revision has them; the one that the request names is unfolded. */
export function planCard(app: AppContext, plan: PlanView, request: unknown): TemplateResult {
  const named = member(member(request, "proposed_action"), "step_name");
  const contents = member(plan.content, "steps");
  const steps = Array.isArray(contents) ? (contents as unknown[]) : [];
  const contentOf = (number: number) => steps.find((step) => member(step, "step") === number);
  const path = pathTo("plans", plan.plan_id, plan.revision);
  return html`<section aria-labelledby="plan-heading">
    <div class="card">
      <h2 id="plan-heading">${app.t("request.plan")}</h2>
      <dl class="facts">
        <dt>${app.t("nav.plan")}</dt>
        <dd><a href=${href(path)}>${shown(plan.title)}</a> <span class="muted">${plan.plan_id} · ${plan.revision}</span></dd>
        <dt>${app.t("request.planDigest")}</dt>
        <dd><cs-digest .app=${app} value=${plan.plan_digest} whole></cs-digest></dd>
      </dl>
    </div>
    ${plan.steps.map((step) => {
      const content = contentOf(step.step);
      return typeof content === "object" && content !== null
        ? stepCard(app, step, { ...content }, step.name === named)
        : nothing;
    })}
  </section>`;
}
